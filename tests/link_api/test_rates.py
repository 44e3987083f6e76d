import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette

import plaid_sandbox.settings
from common.web import Problem
from link_api import rates
from link_api.domain.quotas import Quota
from link_api.rates import Rates
from plaid_sandbox.main import create_app
from tests.link_api.listener import listening
from tests.link_api.world import World, world

PATH = "/api/plaid/integrations"


@asynccontextmanager
async def limited(database_url: str, sandbox: Starlette, quota: str) -> AsyncIterator[World]:
    async with world(database_url, sandbox, api_rate_limit=quota) as running:
        yield running


def left(answer: httpx2.Response) -> int:
    """Return how many calls the answer says are left."""
    name, remaining, _ = answer.headers["ratelimit"].split(";")
    assert name == '"user"'
    return int(remaining.removeprefix("r="))


async def test_a_user_has_so_many_calls(database_url: str, sandbox: Starlette) -> None:
    """Each answer says what is left; then 429 as a problem, retryable, and when to come; others are not concerned."""
    async with limited(database_url, sandbox, "5/hour") as live:
        answers = [await live.get(PATH) for _ in range(5)]
        assert [(answer.status_code, left(answer)) for answer in answers] == [(200, n) for n in (4, 3, 2, 1, 0)]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"user";q=5;w=3600'}
        refused = await live.get(PATH)
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert (refused.json()["code"], refused.json()["retryable"]) == ("rate_limited", True)
        wait = int(refused.headers["retry-after"])
        assert 700 <= wait <= 720
        assert refused.headers["ratelimit"] == f'"user";r=0;t={wait}'
        assert (await live.get(PATH, user_id=2)).status_code == 200


async def test_calls_come_back(database_url: str, sandbox: Starlette) -> None:
    """Whoever waits as long as he is told may call again."""
    async with limited(database_url, sandbox, "2/sec") as live:
        async with asyncio.timeout(20):
            while (refused := await live.get(PATH)).status_code != 429:
                pass
        await asyncio.sleep(int(refused.headers["retry-after"]))
        assert (await live.get(PATH)).status_code == 200


async def test_all_processes_count_together(database_url: str, sandbox: Starlette) -> None:
    """However many processes serve, a user has one quota, also when all calls come at once."""
    another = create_app(plaid_sandbox.settings.Settings())
    async with limited(database_url, sandbox, "10/hour") as one, limited(database_url, another, "10/hour") as two:
        answers = await asyncio.gather(*(live.get(PATH) for live in (one, two) for _ in range(10)))
        assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 10
        assert sorted(left(answer) for answer in answers if answer.status_code == 200) == list(range(10))


async def test_what_fails_counts_too(database_url: str, sandbox: Starlette) -> None:
    """An unknown id or a senseless body is a call, and its answer says what is left; without a token nothing counts."""
    async with limited(database_url, sandbox, "5/hour") as live:
        assert left(await live.get(f"{PATH}/99")) == 4
        assert left(await live.post("/api/plaid/exchange_public_token", {})) == 3
        assert "ratelimit" not in (await live.api.get(PATH)).headers
        assert left(await live.get(PATH)) == 2


async def test_streams_and_the_page_are_not_calls(database_url: str, sandbox: Starlette) -> None:
    """A stream that comes back again and again, the page and the probes take nothing, and open with nothing left."""
    async with limited(database_url, sandbox, "1/hour") as live:
        assert left(await live.get(PATH)) == 0
        assert (await live.get(PATH)).status_code == 429
        for path in ("/", "/page/page.js", "/healthz", "/openapi.json"):
            assert "ratelimit" not in (await live.api.get(path)).headers, path
        async with listening(live):
            pass


async def test_a_flood_costs_no_queries(database_url: str, sandbox: Starlette) -> None:
    """Once refused, a user is refused from memory until there is a call again: not even the table need be there."""
    async with limited(database_url, sandbox, "1/hour") as live:
        assert [(await live.get(PATH)).status_code for _ in range(2)] == [200, 429]
        await live.change("DROP TABLE rate_buckets")
        assert (await live.get(PATH)).status_code == 429


async def test_a_deployment_may_have_no_limit(live: World) -> None:
    """Off: nothing is counted and nothing told."""
    assert "ratelimit" not in (await live.get(PATH)).headers
    assert await live.rows("SELECT key FROM rate_buckets") == []


async def test_memory_of_refusals_is_bounded(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million users who are refused take no more room than MOST_REMEMBERED of them."""
    monkeypatch.setattr(rates, "MOST_REMEMBERED", 3)
    limiter = Rates(live.database, Quota(1, 3600))
    for user_id in range(1, 9):
        await limiter.take(user_id)
        with pytest.raises(Problem, match="the next may come in"):
            await limiter.take(user_id)
    assert len(limiter._used_until) <= 3
