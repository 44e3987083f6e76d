import json

import pytest
from plaid.model.plaid_error_type import PlaidErrorType

from common.plaid.errors import (
    BY_CODE,
    BY_TYPE,
    MUTATION,
    CursorRefused,
    Details,
    ItemGone,
    OperatorMustAct,
    PlaidError,
    RetryLater,
    UserMustAct,
    classify,
    from_response,
    of_cursor,
    unreachable,
)

U, R, X, D = UserMustAct, RetryLater, OperatorMustAct, ItemGone

ROWS: list[tuple[str, str, int, type[PlaidError]]] = [
    ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", 400, U),
    ("ITEM_ERROR", "ITEM_NOT_FOUND", 400, D),
    ("ITEM_ERROR", "ITEM_CONCURRENTLY_DELETED", 400, D),
    ("ITEM_ERROR", "ITEM_LOCKED", 400, U),
    ("ITEM_ERROR", "INVALID_CREDENTIALS", 400, U),
    ("ITEM_ERROR", "INVALID_MFA", 400, U),
    ("ITEM_ERROR", "INVALID_OTP", 400, U),
    ("ITEM_ERROR", "INVALID_PHONE_NUMBER", 400, U),
    ("ITEM_ERROR", "INSUFFICIENT_CREDENTIALS", 400, U),
    ("ITEM_ERROR", "USER_INPUT_TIMEOUT", 400, U),
    ("ITEM_ERROR", "INVALID_SEND_METHOD", 400, D),
    ("ITEM_ERROR", "MFA_NOT_SUPPORTED", 400, D),
    ("ITEM_ERROR", "ITEM_NOT_SUPPORTED", 400, D),
    ("ITEM_ERROR", "INVALID_UPDATED_USERNAME", 400, D),
    ("ITEM_ERROR", "USER_SETUP_REQUIRED", 400, U),
    ("ITEM_ERROR", "PASSWORD_RESET_REQUIRED", 400, U),
    ("ITEM_ERROR", "ACCESS_NOT_GRANTED", 400, U),
    ("ITEM_ERROR", "NO_ACCOUNTS", 400, U),
    ("ITEM_ERROR", "PRODUCT_NOT_READY", 400, R),
    ("ITEM_ERROR", "PRODUCT_NOT_ENABLED", 400, X),
    ("ITEM_ERROR", "PRODUCTS_NOT_SUPPORTED", 400, X),
    ("ITEM_ERROR", "INSTANT_MATCH_FAILED", 400, X),
    ("ITEM_ERROR", "MANUAL_VERIFICATION_REQUIRED", 400, X),
    ("ITEM_ERROR", "NO_AUTH_ACCOUNTS", 400, X),
    ("ITEM_ERROR", "NO_INVESTMENT_ACCOUNTS", 400, X),
    ("ITEM_ERROR", "NO_LIABILITY_ACCOUNTS", 400, X),
    ("INSTITUTION_ERROR", "INSTITUTION_DOWN", 400, R),
    ("INSTITUTION_ERROR", "INSTITUTION_NOT_RESPONDING", 400, R),
    ("INSTITUTION_ERROR", "INSTITUTION_NOT_AVAILABLE", 400, R),
    ("INSTITUTION_ERROR", "INSTITUTION_NO_LONGER_SUPPORTED", 400, D),
    ("INSTITUTION_ERROR", "INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT", 400, X),
    ("INSTITUTION_ERROR", "UNAUTHORIZED_INSTITUTION", 400, X),
    ("INSTITUTION_ERROR", "INSTITUTION_REGISTRATION_REQUIRED", 400, X),
    ("INSTITUTION_ERROR", "UNSUPPORTED_RESPONSE", 400, R),
    ("TRANSACTIONS_ERROR", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", 400, R),
    ("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_REFRESH_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "ACCOUNTS_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "BALANCE_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "ACCOUNTS_BALANCE_GET_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "ITEM_GET_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "INSTITUTIONS_GET_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "INSTITUTIONS_GET_BY_ID_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "INSTITUTION_RATE_LIMIT", 429, R),
    ("RATE_LIMIT_EXCEEDED", "CREDITS_EXHAUSTED", 429, X),
    ("RATE_LIMIT_EXCEEDED", "TRIAL_CONNECTION_LIMIT", 429, X),
    ("API_ERROR", "INTERNAL_SERVER_ERROR", 500, R),
    ("API_ERROR", "plaid-internal-error", 500, R),
    ("API_ERROR", "PLANNED_MAINTENANCE", 503, R),
    ("INVALID_INPUT", "INVALID_ACCESS_TOKEN", 400, X),
    ("INVALID_INPUT", "INVALID_PUBLIC_TOKEN", 400, U),
    ("INVALID_INPUT", "INVALID_LINK_TOKEN", 400, U),
    ("INVALID_INPUT", "INVALID_ACCOUNT_ID", 400, X),
    ("INVALID_INPUT", "INVALID_API_KEYS", 400, X),
    ("INVALID_INPUT", "UNAUTHORIZED_ENVIRONMENT", 400, X),
    ("INVALID_INPUT", "UNAUTHORIZED_ROUTE_ACCESS", 400, X),
    ("INVALID_INPUT", "INVALID_PRODUCT", 400, X),
    ("INVALID_INPUT", "INVALID_INSTITUTION", 400, X),
    ("INVALID_INPUT", "INVALID_LINK_CUSTOMIZATION", 400, X),
    ("INVALID_INPUT", "DIRECT_INTEGRATION_NOT_ENABLED", 400, X),
    ("INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", 400, X),
    ("INVALID_INPUT", "ADDITIONAL_CONSENT_REQUIRED", 400, U),
    ("INVALID_INPUT", "USER_PERMISSION_REVOKED", 400, D),
    ("ITEM_ERROR", "USER_PERMISSION_REVOKED", 400, D),
    ("INVALID_INPUT", "INVALID_USER_ID", 400, X),
    ("INVALID_INPUT", "INVALID_USER_TOKEN", 400, X),
    ("INVALID_INPUT", "INVALID_USER_IDENTITY_DATA", 422, X),
    ("INVALID_REQUEST", "INVALID_FIELD", 400, X),
    ("INVALID_REQUEST", "MISSING_FIELDS", 400, X),
    ("INVALID_REQUEST", "UNKNOWN_FIELDS", 400, X),
    ("INVALID_REQUEST", "INVALID_BODY", 400, X),
    ("INVALID_REQUEST", "INVALID_HEADERS", 400, X),
    ("INVALID_REQUEST", "INVALID_CONFIGURATION", 400, X),
    ("INVALID_REQUEST", "INCOMPATIBLE_API_VERSION", 400, X),
    ("INVALID_REQUEST", "SANDBOX_ONLY", 400, X),
    ("INVALID_REQUEST", "NOT_FOUND", 404, X),
    ("INVALID_REQUEST", "NO_LONGER_AVAILABLE", 404, X),
    ("INVALID_RESULT", "LAST_UPDATED_DATETIME_OUT_OF_RANGE", 400, R),
    ("SANDBOX_ERROR", "SANDBOX_WEBHOOK_INVALID", 400, X),
    ("SANDBOX_ERROR", "SANDBOX_PRODUCT_NOT_ENABLED", 400, X),
    ("OAUTH_ERROR", "INCORRECT_OAUTH_NONCE", 400, U),
    ("OAUTH_ERROR", "INCORRECT_LINK_TOKEN", 400, U),
    ("OAUTH_ERROR", "OAUTH_STATE_ID_NOT_FOUND", 404, U),
    ("OAUTH_ERROR", "OAUTH_STATE_ID_ALREADY_PROCESSED", 208, U),
]

LATER: list[tuple[str, str, int, type[PlaidError]]] = [
    ("ITEM_ERROR", "INVENTED_LATER", 400, U),
    ("INSTITUTION_ERROR", "INVENTED_LATER", 400, R),
    ("RATE_LIMIT_EXCEEDED", "INVENTED_LATER", 429, R),
    ("API_ERROR", "INVENTED_LATER", 500, R),
    ("TRANSACTIONS_ERROR", "INVENTED_LATER", 400, R),
    ("INVALID_INPUT", "INVENTED_LATER", 400, X),
    ("INVALID_REQUEST", "INVENTED_LATER", 400, X),
    ("INVENTED_LATER", "INVENTED_LATER", 400, X),
    ("INVENTED_LATER", "INVENTED_LATER", 429, R),
    ("INVENTED_LATER", "INVENTED_LATER", 500, R),
    ("INVENTED_LATER", "INVENTED_LATER", 599, R),
    ("INVENTED_LATER", "ITEM_NOT_FOUND", 400, D),
]


TYPES = sorted(PlaidErrorType.allowed_values[("value",)].values())


def test_every_row_is_data() -> None:
    """Each code that Plaid documents stands in the table with its treatment, and no other: none is left to chance."""
    assert {code: kind for _, code, _, kind in ROWS} == BY_CODE


@pytest.mark.parametrize("error_type", TYPES)
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_code_that_appears_later(error_type: str, status: int) -> None:
    """An unknown code of any of the 40 types is of one kind; types that we do not judge go by 429 and 5xx."""
    kind = type(classify(Details(status, error_type, "INVENTED_LATER", "what Plaid says")))
    assert kind in {U, R, X, D}
    if error_type not in BY_TYPE:
        assert kind is (X if status == 400 else R)


@pytest.mark.parametrize(("error_type", "code", "status", "kind"), ROWS + LATER)
def test_kind(error_type: str, code: str, status: int, kind: type[PlaidError]) -> None:
    """A code decides; one that appears later is judged by its type, and one of a later type by its HTTP class."""
    error = classify(Details(status, error_type, code, "what Plaid says"))

    assert type(error) is kind
    assert (error.code, str(error)) == (code, f"{code}: what Plaid says")


def body(**changes: object) -> str:
    said = {
        "display_message": "Please update your login.",
        "error_code": "ITEM_LOGIN_REQUIRED",
        "error_message": "the login details of this item have changed",
        "error_type": "ITEM_ERROR",
        "request_id": "HNTDNrA8F1shFEW",
        "suggested_action": None,
    }
    return json.dumps(said | changes)


def test_what_plaid_said_is_kept() -> None:
    """Plaid's words for the user and its request id for support travel with the error."""
    error = from_response(400, body(), "7")

    assert isinstance(error, UserMustAct)
    assert error.details == Details(
        status=400,
        error_type="ITEM_ERROR",
        error_code="ITEM_LOGIN_REQUIRED",
        error_message="the login details of this item have changed",
        display_message="Please update your login.",
        request_id="HNTDNrA8F1shFEW",
        retry_after=7.0,
    )


@pytest.mark.parametrize(
    "said", [None, "", "<html>502 Bad Gateway</html>", b"\xff\xfe", "[]", "null", '"text"', "[" * 10_000, "{}"]
)
@pytest.mark.parametrize(("status", "kind"), [(502, R), (429, R), (403, X)])
def test_not_plaids_words(said: str | bytes | None, status: int, kind: type[PlaidError]) -> None:
    """What a proxy answered in Plaid's stead is judged by its HTTP class."""
    error = from_response(status, said, None)

    assert type(error) is kind
    assert error.code == f"HTTP_{status}"


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, None), ("", None), ("12", 12.0), ("0", 0.0), ("soon", None), ("-3", None)]
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """What Plaid asks for is honoured if it can be read."""
    assert from_response(429, body(), header).details.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "error_type", "code", "message", "refused"),
    [
        (400, "INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token", True),
        (400, "INVALID_INPUT", "INVALID_FIELD", "The Cursor is malformed", True),
        (400, "TRANSACTIONS_ERROR", "INVENTED_CURSOR_EXPIRED", "too old", True),
        (400, "INVALID_REQUEST", "INVALID_FIELD", "count must be at most 500", False),
        (400, "TRANSACTIONS_ERROR", MUTATION, "start again from your first cursor", False),
        (500, "API_ERROR", "INTERNAL_SERVER_ERROR", "the cursor could not be read", False),
        (429, "RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", "too many calls with this cursor", False),
    ],
)
def test_a_cursor_that_is_refused(status: int, error_type: str, code: str, message: str, refused: bool) -> None:
    """Any 400 that names the cursor means a new beginning; a mutation between pages does not, nor what passes by."""
    error = classify(Details(status, error_type, code, message))
    judged = of_cursor(error)
    assert isinstance(judged, CursorRefused) == refused
    assert judged.details == error.details
    assert refused or judged is error


@pytest.mark.parametrize(
    "odd", [{"error_code": None}, {"error_code": 5}, {"error_type": None}, {"error_message": None}]
)
def test_odd_fields(odd: dict[str, object]) -> None:
    """A field of another type than documented breaks nothing."""
    error = from_response(500, body(**odd), None)

    assert isinstance(error, PlaidError)
    assert isinstance(error.code, str)


def test_unreachable() -> None:
    """A call without an answer is worth another try, and says why."""
    error = unreachable("ReadTimeoutError")

    assert isinstance(error, RetryLater)
    assert (error.code, error.details.status, str(error)) == (
        "PLAID_UNREACHABLE",
        0,
        "PLAID_UNREACHABLE: ReadTimeoutError",
    )
