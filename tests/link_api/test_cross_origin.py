from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.link_api.world import World, bearer, world

APP = "https://app.example.com"
PATH = "/api/plaid/integrations"


@pytest.fixture
async def crossed(database_url: str, sandbox: Starlette) -> AsyncIterator[World]:
    """link_api that one page of another origin may call."""
    async with world(
        database_url, sandbox, cors_origins=(APP, "http://localhost:5173"), api_rate_limit="9/hour"
    ) as live:
        yield live


def listed(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(",")}


async def test_a_listed_page_may_ask_with_all_that_the_api_takes(crossed: World) -> None:
    """Its browser's question is answered without a token, for every method and header of ours, and kept for hours."""
    sent = "authorization, content-type, idempotency-key, if-match, last-event-id, x-correlation-id"
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        asking = {"Origin": APP, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": sent}
        answer = await crossed.api.options(PATH, headers=asking)
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == APP
        assert method.lower() in listed(answer.headers["access-control-allow-methods"])
        assert listed(sent) <= listed(answer.headers["access-control-allow-headers"])
        assert int(answer.headers["access-control-max-age"]) >= 3600
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in listed(answer.headers["vary"])


async def test_a_listed_page_may_read_answers(crossed: World) -> None:
    """Each answer names the page, not everybody, and what its script may read; refusals of every kind too."""
    for path, headers, status in [
        (PATH, bearer(), 200),
        (f"{PATH}/99", bearer(), 404),
        (PATH, {}, 401),
        ("/api/events", {}, 401),
        ("/nowhere", {}, 404),
    ]:
        answer = await crossed.api.get(path, headers=headers | {"Origin": APP})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, APP)
        read = listed(answer.headers["access-control-expose-headers"])
        assert {"content-disposition", "etag", "ratelimit", "ratelimit-policy", "retry-after"} <= read
        assert "x-correlation-id" in read
        assert "origin" in listed(answer.headers["vary"])
    large = await crossed.api.post(PATH, content=b" " * 70_000, headers={"Origin": APP})
    assert (large.status_code, large.headers["access-control-allow-origin"]) == (413, APP)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "http://app.example.com", "https://app.example.com:8443", f"{APP}.evil.com", "null"],
)
async def test_other_pages_get_nothing(crossed: World, origin: str) -> None:
    """What only resembles a listed origin is another one: no answer is readable to it, no question granted."""
    answer = await crossed.api.get(PATH, headers=bearer() | {"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = await crossed.api.options(PATH, headers=asking)
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers


async def test_no_origin_is_listed_by_default(shared: World) -> None:
    """Without the setting no page of another origin may read anything or ask."""
    answer = await shared.api.get(PATH, headers=bearer() | {"Origin": APP})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asking = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    assert (await shared.api.options(PATH, headers=asking)).status_code == 405
