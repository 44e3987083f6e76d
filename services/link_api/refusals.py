"""What may go wrong, for the description of the API: errors are shown by the very problems that are answered."""

from collections.abc import Sequence
from typing import Any

from common.plaid.errors import Details, classify
from common.web import Problem
from link_api.callers import unauthorized
from link_api.problems import refused
from link_api.schemas.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]


def _of_plaid(error_type: str, error_code: str, message: str, display_message: str | None = None) -> Problem:
    """Return what becomes of an error of Plaid's."""
    return refused(classify(Details(400, error_type, error_code, message, display_message, "m8MDnv9okwxFNBV")))


SHAPE = {"$ref": "#/components/schemas/Problem"}
RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait before another try"}}
WAITING = (429, 503)

UNAUTHORIZED = (
    unauthorized("Send your access token in the header: Authorization: Bearer <token>."),
    unauthorized("Your access token has expired; sign in again.", "token_expired"),
    unauthorized("Your access token is not valid here; sign in again.", "token_invalid"),
)
FAULTS = (
    Problem(500, "Something went wrong on our side; it has been logged. Try again.", retryable=True),
    Problem(503, "Our database does not answer right now; try again in a moment.", retryable=True),
    Problem(
        503,
        "The keys that sign users in cannot be had right now; try again in a moment.",
        code="auth_keys_unavailable",
        retryable=True,
    ),
)
COUNTED = (
    Problem(429, "You have made all the calls of now; the next may come in 2 s.", code="rate_limited", retryable=True),
)
CHECKED = (
    Problem(
        422,
        "limit: Input should be less than or equal to 200.",
        code="invalid_request",
        errors=[{"field": "limit", "message": "Input should be less than or equal to 200"}],
    ),
)
SENT = (
    Problem(408, "The body did not arrive within 10 seconds.", code="too_slow"),
    Problem(413, "The body is larger than 65536 bytes; send less.", code="too_large"),
)
READ = (
    Problem(400, "The body is no JSON that can be read.", code="invalid_request"),
    Problem(400, "The body cannot be read; send it as this address wants it."),
)
REPEATED = (
    Problem(
        400,
        "An Idempotency-Key has 1 to 255 printable ASCII characters; a UUID is a good one.",
        code="bad_idempotency_key",
    ),
    Problem(
        409,
        "The same request is still being worked on; ask again for its answer.",
        code="in_progress",
        retryable=True,
    ),
    Problem(
        422,
        "This Idempotency-Key was sent with another request; take a new key for a new request.",
        code="idempotency_key_reused",
    ),
)
PAGED = (
    Problem(
        400,
        "This cursor is not one of ours; send `next_cursor` as you got it, or none to begin anew.",
        code="bad_cursor",
    ),
)
"""Of lists that have a cursor."""
LISTED = (
    *PAGED,
    Problem(
        400,
        "This cursor belongs to a list with other filters; begin anew without it when you change them.",
        code="cursor_of_another_list",
    ),
)
"""Of lists that have a cursor and filters."""
OF_PLAID = (
    _of_plaid("INVALID_REQUEST", "INVALID_FIELD", "redirect_uri is not on the allow-list"),
    _of_plaid(
        "INSTITUTION_ERROR",
        "INSTITUTION_DOWN",
        "this institution is not currently responding to this request",
        "This financial institution is not currently responding to requests.",
    ),
    Problem(503, "Many people use this at the moment; try again shortly.", code="over_budget", retryable=True),
)
"""Of routes that ask Plaid while their caller waits. The code is Plaid's, in lower case."""
OF_ITEMS = (
    _of_plaid("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", "the login details of this item have changed"),
    _of_plaid("ITEM_ERROR", "ITEM_NOT_FOUND", "the item cannot be found"),
)
"""Of those that ask about an item."""


def refusals(*problems: Problem) -> Responses:
    """Describe that a route may answer these problems, and show them; name all of a route in one call."""
    described: Responses = {}
    for problem in problems:
        show(described, problem.status, problem.body)
    return described


def show(described: Responses, status: int, body: dict[str, Any]) -> None:
    """Add an example under its code; under the code and a number where another one has that name."""
    examples = described.setdefault(status, _empty(body["title"], status))["content"][MEDIA_TYPE]["examples"]
    shown = {"summary": body["detail"], "value": body}
    name, number = body["code"], 2
    while examples.setdefault(name, shown) != shown:
        name, number = f"{body['code']}_{number}", number + 1


def joined(one: Responses, other: Responses) -> Responses:
    """Describe that a route may answer any problem of the two."""
    described: Responses = {}
    for status, response in [*one.items(), *other.items()]:
        for example in response["content"][MEDIA_TYPE]["examples"].values():
            show(described, int(status), example["value"])
    return described


def _empty(title: str, status: int) -> dict[str, Any]:
    headers = {"headers": RETRY_AFTER} if status in WAITING else {}
    return {"description": title, "content": {MEDIA_TYPE: {"schema": SHAPE, "examples": {}}}} | headers


def general(operation: dict[str, Any], method: str, *, counted: bool) -> Sequence[Problem]:
    """Return what any operation like this one may answer, whatever it does."""
    asks = any(parameter["in"] == "query" for parameter in operation.get("parameters", []))
    body = "requestBody" in operation
    return [
        *UNAUTHORIZED,
        *FAULTS,
        *(COUNTED if counted else ()),
        *(CHECKED if asks or body else ()),
        *(SENT if method != "GET" else ()),
        *(READ if body else ()),
        *(REPEATED if method == "POST" else ()),
    ]
