import asyncio

import httpx2
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from link_api.domain.idempotency import Answer
from tests.link_api.world import World, bearer, world

CREATE = "/api/plaid/create_link_token"
EXCHANGE = "/api/plaid/exchange_public_token"


async def post(live: World, path: str, key: str, body: object = None, user_id: int = 1) -> httpx2.Response:
    headers = bearer(user_id) | {"Idempotency-Key": key}
    return await live.api.post(path, headers=headers, json={} if body is None else body)


def replayed(answer: httpx2.Response) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


async def test_a_lost_answer_of_an_exchange_can_be_asked_for_again(live: World) -> None:
    """Whoever never heard that the bank is linked sends the exchange again and hears it: one item, one doorbell."""
    body = {"public_token": await live.link.succeed(await live.link_token())}
    first, second = await post(live, EXCHANGE, "k", body), await post(live, EXCHANGE, "k", body)
    assert (first.status_code, replayed(first)) == (201, False)
    assert (second.status_code, second.content, replayed(second)) == (201, first.content, True)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert len(await live.rows("SELECT id FROM plaid_integrations")) == 1
    assert len(await live.emitted("item.sync_requested")) == 1
    other = await post(live, EXCHANGE, "another key", body)
    assert (other.json()["id"], replayed(other)) == (first.json()["id"], False)


async def test_a_client_that_hangs_up_finds_its_answer(live: World) -> None:
    """The exchange goes on when nobody listens any more; asking again brings its answer, once it is done."""
    body = {"public_token": await live.link.succeed(await live.link_token())}
    async with live.database.transaction() as session:
        await session.execute(text("LOCK plaid_integrations IN SHARE MODE"))
        with pytest.raises(httpx2.ReadTimeout):
            await live.api.post(
                EXCHANGE, json=body, headers=bearer() | {"Idempotency-Key": "k"}, timeout=httpx2.Timeout(60, read=1)
            )
        waiting = await post(live, EXCHANGE, "k", body)
        assert (waiting.status_code, waiting.json()["code"], waiting.json()["retryable"]) == (409, "in_progress", True)
        assert waiting.headers["retry-after"] == "1"
    async with asyncio.timeout(30):
        while (answer := await post(live, EXCHANGE, "k", body)).status_code == 409:  # noqa: ASYNC110 - a server
            await asyncio.sleep(0.05)
    assert (answer.status_code, replayed(answer)) == (201, True)
    assert len(await live.rows("SELECT id FROM plaid_integrations")) == 1


async def test_of_many_at_once_one_runs(live: World) -> None:
    """Ten copies at the same moment: one link token; the others hear that it is under way, or get its answer."""
    answers = await asyncio.gather(*(post(live, CREATE, "k") for _ in range(10)))
    tokens = {answer.json()["link_token"] for answer in answers if answer.status_code == 200}
    assert len(tokens) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(await live.rows("SELECT id FROM link_sessions")) == 1


async def test_a_key_belongs_to_one_request(live: World) -> None:
    """Another body or another address under the same key: 422, and nothing is done."""
    await post(live, CREATE, "k", {})
    for path, body in ((CREATE, {"integration_id": 7}), (EXCHANGE, {}), ("/api/plaid/integrations/1/sync", {})):
        answer = await post(live, path, "k", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await live.rows("SELECT id FROM link_sessions")) == 1


async def test_a_key_belongs_to_one_user(live: World) -> None:
    """Nobody gets another's answer by guessing the key."""
    mine, yours = await post(live, CREATE, "k"), await post(live, CREATE, "k", user_id=2)
    assert yours.status_code == 200
    assert yours.json()["link_token"] != mine.json()["link_token"]
    assert (await live.api.post(CREATE, json={}, headers={"Idempotency-Key": "k"})).status_code == 401


async def test_a_refusal_is_an_answer(live: World) -> None:
    """What is wrong with a request stays wrong under its key; the answer is the same problem."""
    for path, body in ((EXCHANGE, {"public_token": "public-sandbox-x"}), ("/api/plaid/integrations/99/sync", {})):
        first, second = await post(live, path, path, body), await post(live, path, path, body)
        assert (second.status_code, second.content, replayed(second)) == (first.status_code, first.content, True)
        assert second.headers["content-type"] == "application/problem+json"


async def test_what_may_succeed_later_is_not_kept(database_url: str, sandbox: Starlette) -> None:
    """After a failure of ours, of Plaid's or of the database the same key runs anew."""
    async with world(database_url, sandbox, plaid_base_url="http://127.0.0.1:1") as live:
        answers = [await post(live, CREATE, "k") for _ in range(2)]
        assert [(answer.status_code, replayed(answer)) for answer in answers] == [(502, False)] * 2
        assert await live.rows("SELECT key FROM idempotency_keys") == []
        await live.change("ALTER TABLE plaid_integrations RENAME TO elsewhere")
        fault = await post(live, "/api/plaid/integrations/1/sync", "k")
        assert fault.status_code == 500
        await live.change("ALTER TABLE elsewhere RENAME TO plaid_integrations")
        assert (await post(live, "/api/plaid/integrations/1/sync", "k")).status_code == 404


async def test_a_run_that_died_blocks_nothing_for_ever(live: World) -> None:
    """What a killed process left unanswered runs again once its time is over, not before; then its answer stands."""
    await post(live, CREATE, "k")
    await live.change("UPDATE idempotency_keys SET answer = NULL")
    assert (await post(live, CREATE, "k")).status_code == 409
    await live.change("UPDATE idempotency_keys SET claimed_until = now() - interval '1 second'")
    other = await post(live, CREATE, "k", {"integration_id": 7})
    assert other.json()["code"] == "idempotency_key_reused"
    again = await post(live, CREATE, "k")
    assert (again.status_code, replayed(again)) == (200, False)
    assert replayed(await post(live, CREATE, "k"))


async def test_who_was_told_to_ask_again_is_answered_anew(live: World) -> None:
    """A public token that another request exchanges: 409 with Retry-After is not the last word under this key."""
    token = (await post(live, CREATE, "c")).json()["link_token"]
    body = {"public_token": await live.link.succeed(token)}
    await live.change(
        """INSERT INTO public_token_exchanges (user_id, public_token_hash, claimed_until)
        VALUES (1, sha256(CAST(:token AS text)::bytea), now() + interval '1 minute')""",
        token=body["public_token"],
    )
    busy = await post(live, EXCHANGE, "k", body)
    assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (409, "in_progress", "1")
    await live.change("UPDATE public_token_exchanges SET claimed_until = now()")
    done = await post(live, EXCHANGE, "k", body)
    assert (done.status_code, replayed(done)) == (201, False)
    assert replayed(await post(live, EXCHANGE, "k", body))


async def test_who_was_taken_over_does_not_answer(live: World) -> None:
    """A run that was given up and ends after all changes nothing: the answer is that of the one who took over."""
    async with live.database.transaction() as session:
        await session.execute(text("LOCK link_sessions IN SHARE MODE"))
        slow = asyncio.create_task(post(live, CREATE, "k"))
        async with asyncio.timeout(20):
            while not await live.rows("SELECT 1 FROM idempotency_keys"):  # noqa: ASYNC110 - a database
                await asyncio.sleep(0.02)
        await live.change("UPDATE idempotency_keys SET claim = gen_random_uuid()")
    assert (await slow).status_code == 200
    assert [row["answer"] for row in await live.rows("SELECT answer FROM idempotency_keys")] == [None]


async def test_answers_are_sealed(live: World) -> None:
    """No link token and no public token stands readable in the table."""
    token = (await post(live, CREATE, "k")).json()["link_token"]
    public_token = await live.link.succeed(token)
    await post(live, EXCHANGE, "other", {"public_token": public_token})
    stored = repr(await live.rows("SELECT idempotency_keys::text FROM idempotency_keys"))
    assert "POST /api/plaid/exchange_public_token" in stored
    assert token not in stored
    assert public_token not in stored


@pytest.mark.parametrize("key", ["", "x" * 256, "schl\xfcssel".encode("latin-1").decode("latin-1")])
async def test_a_senseless_key_is_refused(live: World, key: str) -> None:
    """Empty, endless or unprintable: 400, and nothing is done."""
    headers = httpx2.Headers({**bearer(), "Idempotency-Key": key}, encoding="latin-1")
    answer = await live.api.post(CREATE, json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")
    assert await live.rows("SELECT id FROM link_sessions") == []


async def test_a_call_with_a_key_counts_once(database_url: str, sandbox: Starlette) -> None:
    """A key neither doubles what a call costs nor makes it free, old answers included."""
    async with world(database_url, sandbox, api_rate_limit="5/hour") as live:
        left = [(await post(live, CREATE, "k")).headers["ratelimit"].split(";")[1] for _ in range(5)]
        assert left == ["r=4", "r=3", "r=2", "r=1", "r=0"]
        assert (await post(live, CREATE, "k")).status_code == 429


async def test_every_post_says_that_it_takes_a_key(shared: World) -> None:
    """The description names the header for each POST, and for nothing else."""
    paths = (await shared.api.get("/openapi.json")).json()["paths"]
    for path in paths.values():
        for method, operation in path.items():
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            assert names.count("Idempotency-Key") == (method == "post")


@pytest.mark.parametrize(
    "answer", [Answer(204, {}, b""), Answer(201, {"content-type": "application/json"}, '{"name": "Café"}'.encode())]
)
def test_an_answer_is_kept_to_the_byte(answer: Answer) -> None:
    """What was dumped is what is loaded."""
    assert Answer.load(answer.dump()) == answer
