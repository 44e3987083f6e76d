import json
from typing import Any

import pytest
from starlette.applications import Starlette

from common.plaid import PlaidError
from common.plaid.errors import Details, classify, unreachable
from link_api.problems import of_plaid
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

    assert_problem(await shared.api.post(EXCHANGE, content=pieces(), headers=bearer() | JSON), 413)


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


def test_the_wait_that_plaid_asks_for_is_passed_on() -> None:
    """Retry-After in whole seconds, never shorter than asked."""
    assert of_plaid(said(429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT", 1.2)).headers == {"Retry-After": "2"}
    assert of_plaid(said(429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT")).headers is None
