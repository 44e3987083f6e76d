import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.applications import Starlette
from structlog.testing import capture_logs

from common.database import SERVER_SETTINGS
from common.plaid import PlaidError
from common.plaid.errors import Details, classify, unreachable
from link_api.problems import of_plaid, use_problems
from tests.link_api.world import World, bearer, world

CREATE = "/api/plaid/create_link_token"
EXCHANGE = "/api/plaid/exchange_public_token"
JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 60_000

BAD_BODIES: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "no JSON": (EXCHANGE, b"{", JSON, 400),
    "not UTF-8": (EXCHANGE, b'{"public_token": "\xff"}', JSON, 400),
    "too deep": (EXCHANGE, DEEP, JSON, 400),
    "a number of 60,000 digits": (EXCHANGE, b'{"public_token": ' + b"9" * 60_000 + b"}", JSON, 400),
    "nothing": (EXCHANGE, b"", JSON, 422),
    "a list": (EXCHANGE, b"[]", JSON, 422),
    "null": (EXCHANGE, b"null", JSON, 422),
    "no content type": (EXCHANGE, b'{"public_token": "p"}', {}, 422),
    "a form": (EXCHANGE, b"public_token=p", {"Content-Type": "application/x-www-form-urlencoded"}, 422),
    "no token": (EXCHANGE, b"{}", JSON, 422),
    "an empty token": (EXCHANGE, b'{"public_token": ""}', JSON, 422),
    "a number as token": (EXCHANGE, b'{"public_token": 7}', JSON, 422),
    "a token too long": (EXCHANGE, json.dumps({"public_token": "p" * 501}).encode(), JSON, 422),
    "metadata no object": (EXCHANGE, b'{"public_token": "p", "metadata": []}', JSON, 422),
    "an unknown field": (EXCHANGE, b'{"public_token": "p", "institution": "ins_1"}', JSON, 422),
    "a misspelt field": (CREATE, b'{"integration": 3}', JSON, 422),
    "a name as id": (CREATE, b'{"integration_id": "mine"}', JSON, 422),
    "a fraction as id": (CREATE, b'{"integration_id": 1.5}', JSON, 422),
    "infinity as id": (CREATE, b'{"integration_id": 1e999}', JSON, 422),
    "too large": (EXCHANGE, json.dumps({"public_token": "p" * 70_000}).encode(), JSON, 413),
    "foreign": (EXCHANGE, b'{"public_token": "public-sandbox-nobody\\u0000"}', JSON, 400),
    "half a character": (EXCHANGE, b'{"public_token": "\\ud800"}', JSON, 400),
}


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    """Check that the answer is a whole problem of this status, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "retryable"} <= set(body)
    assert body["status"] == status
    assert body["detail"].endswith(".")
    return body


@pytest.mark.parametrize("which", BAD_BODIES)
async def test_a_bad_body_is_a_problem_that_says_what_to_do(shared: World, which: str) -> None:
    """Unreadable, oversized or senseless input: never a crash, never a repeated value."""
    path, body, headers, status = BAD_BODIES[which]
    answer = await shared.api.post(path, content=body, headers=bearer() | headers)
    problem = assert_problem(answer, status)
    if status == 422:
        assert problem["code"] == "invalid_request"
        assert all(error["field"] and error["message"] for error in problem["errors"])
    assert len(answer.text) < 1_000


async def test_the_field_that_is_wrong_is_named(shared: World) -> None:
    """A caller reads which field, not only that something is wrong."""
    answer = await shared.post(EXCHANGE, {"public_token": "p", "metadata": {}, "allow_duplicate": "perhaps"})
    assert [error["field"] for error in assert_problem(answer, 422)["errors"]] == ["allow_duplicate"]
    assert [e["field"] for e in assert_problem(await shared.post(EXCHANGE, []), 422)["errors"]] == ["body"]


async def test_a_body_that_comes_in_pieces_is_bounded_too(shared: World) -> None:
    """Without a declared length the bound holds as well."""

    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 1024

    answer = await shared.api.post(EXCHANGE, content=pieces(), headers=bearer() | JSON)
    assert assert_problem(answer, 413)["code"] == "too_large"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/nothing", 404),
        ("GET", "/page/nothing.js", 404),
        ("GET", "/page/%2e%2e/main.py", 404),
        ("GET", EXCHANGE, 405),
        ("PUT", "/api/expenses", 405),
        ("POST", "/", 405),
    ],
)
async def test_unknown_addresses_and_methods_are_problems(shared: World, method: str, path: str, status: int) -> None:
    """404 and 405 come in the same shape as every error, with a sentence that helps."""
    assert "/docs" in assert_problem(await shared.call(method, path), status)["detail"]


async def test_a_database_that_does_not_answer_is_a_retryable_problem(sandbox: Starlette) -> None:
    """While PostgreSQL is away: alive, not ready, and 503 with Retry-After."""
    async with world("postgresql://nobody@127.0.0.1:1/nothing", sandbox) as live:
        answer = await live.get("/api/expenses")
        assert assert_problem(answer, 503)["retryable"] is True
        assert answer.headers["retry-after"] == "5"
        assert (await live.api.get("/readyz")).status_code == 503
        assert (await live.api.get("/healthz")).status_code == 200


async def starting_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a start-up message as PostgreSQL does while it recovers."""
    await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
    writer.close()


async def test_a_database_that_starts_up_is_a_retryable_problem(sandbox: Starlette) -> None:
    """PostgreSQL is there and takes no connection yet (57P03): 503, not a fault of ours."""
    async with await asyncio.start_server(starting_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with world(f"postgresql://cora@127.0.0.1:{port}/cora?sslmode=disable", sandbox) as live:
            assert assert_problem(await live.get("/api/expenses"), 503)["retryable"] is True


@pytest.mark.parametrize("bound", ["statement_timeout", "lock_timeout"])
async def test_a_statement_that_takes_too_long_is_a_retryable_problem(
    database_url: str, sandbox: Starlette, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """A database that is too busy for a statement (57014, 55P03) answers 503, and serves again afterwards."""
    monkeypatch.setitem(SERVER_SETTINGS, bound, "300")
    async with world(database_url, sandbox) as live:
        assert (await live.get("/api/expenses")).status_code == 200
        async with live.database.transaction() as session:
            await session.execute(text("LOCK expenses"))
            answer = await live.get("/api/expenses")
        assert assert_problem(answer, 503)["retryable"] is True
        assert (await live.get("/api/expenses")).status_code == 200


async def test_a_socket_that_is_not_there_is_a_retryable_problem(sandbox: Starlette, tmp_path: Path) -> None:
    """However the connection fails, also with an OSError that names a file: 503."""
    async with world(f"postgresql://cora@/cora?host={tmp_path}", sandbox) as live:
        assert_problem(await live.get("/api/expenses"), 503)


async def test_a_statement_of_ours_that_is_wrong_is_our_fault(live: World) -> None:
    """What the database refuses for what it says is no outage: 500, logged."""
    await live.change("ALTER TABLE expenses RENAME TO elsewhere")
    with capture_logs() as lines:
        assert_problem(await live.get("/api/expenses"), 500)
    assert "http.unexpected" in [line["event"] for line in lines]


@pytest.mark.parametrize("error", [OSError("no space left"), FileNotFoundError("logo.png"), PermissionError("no")])
async def test_a_fault_of_the_system_is_not_the_databases(error: OSError) -> None:
    """Nobody looks for a database that is down when a file is missing."""
    app = FastAPI()
    use_problems(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as http:
        with capture_logs():
            assert_problem(await http.get("/"), 500)


def said(status: int, type_: str, code: str, retry_after: float | None = None) -> PlaidError:
    return classify(Details(status, type_, code, "message", "words for the user", "request", retry_after))


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (said(429, "RATE_LIMIT_EXCEEDED", "ITEM_GET_LIMIT", 1.2), 503, True),
        (said(400, "INSTITUTION_ERROR", "INSTITUTION_DOWN"), 503, True),
        (said(500, "API_ERROR", "INTERNAL_SERVER_ERROR"), 503, True),
        (unreachable("timed out"), 502, True),
        (said(400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED"), 422, False),
        (said(400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN"), 422, False),
        (said(400, "INVALID_INPUT", "INVALID_API_KEYS"), 502, False),
        (said(429, "RATE_LIMIT_EXCEEDED", "CREDITS_EXHAUSTED"), 502, False),
        (said(400, "ITEM_ERROR", "ITEM_NOT_FOUND"), 410, False),
        (said(400, "NEW_ERROR", "NEVER_SEEN_BEFORE"), 502, False),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_each_kind_of_refusal_has_its_status(error: PlaidError, status: int, retryable: bool) -> None:
    """What Plaid refuses tells the caller whether to wait, to act, or to call us; with all that Plaid said."""
    problem = of_plaid(error)
    assert (problem.status, problem.body["retryable"]) == (status, retryable)
    plaid = problem.body["plaid"]
    assert isinstance(plaid, dict)
    assert (plaid["error_code"], plaid["request_id"]) == (error.code, error.details.request_id)
    if error.details.display_message:
        assert problem.body["detail"] == "words for the user"
    assert str(problem.body["next_step"]).endswith(".")


async def test_no_room_within_plaids_limits_is_a_retryable_problem(database_url: str, sandbox: Starlette) -> None:
    """Whom we cannot ask Plaid for within two seconds is told when to come again; Plaid is not asked."""
    async with world(database_url, sandbox, plaid_limits="/link/token/create=client:1/hour") as live:
        assert (await live.post(CREATE)).status_code == 200
        answer = await live.post(CREATE)
        [usage] = await live.rows("SELECT calls, put_off FROM plaid_api_usage WHERE endpoint = '/link/token/create'")
    problem = assert_problem(answer, 503)
    assert (problem["code"], problem["retryable"]) == ("over_budget", True)
    assert 3600 < int(answer.headers["retry-after"]) < 4000
    assert (usage["calls"], usage["put_off"]) == (1, 1)


async def test_calls_for_an_item_are_counted_for_it(live: World) -> None:
    """The accounts that are shown at once after a link count against the item's own limit."""
    integration = await live.linked()
    keys = [row["key"] for row in await live.rows("SELECT key FROM rate_buckets WHERE key LIKE '/accounts/get %'")]
    assert sorted(key.partition(": ")[2] for key in keys) == ["client", f"integration {integration['id']}"]


def test_the_wait_that_plaid_asks_for_is_passed_on() -> None:
    """Retry-After in whole seconds, never shorter than asked."""
    assert of_plaid(said(429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT", 1.2)).headers == {"Retry-After": "2"}
    assert of_plaid(said(429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT")).headers is None


def test_each_kind_of_refusal_has_a_next_step_of_its_own() -> None:
    """The user hears whether to wait, to sign in, to call support or to connect anew."""
    codes = ("INSTITUTION_DOWN", "ITEM_LOGIN_REQUIRED", "INVALID_API_KEYS", "ITEM_NOT_FOUND")
    steps = {of_plaid(said(400, "ANY", code)).body["next_step"] for code in codes}
    assert len(steps) == len(codes)
