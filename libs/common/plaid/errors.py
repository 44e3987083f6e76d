"""Plaid's errors in five kinds of ours.

    PlaidError
    ├── RetryLater        nobody has to act; try again with back-off
    ├── UserMustAct       the user must go through Link's update mode
    ├── OperatorMustAct   our configuration, plan or bug; trying again cannot help
    ├── ItemGone          Plaid knows this item no more
    └── CursorRefused     the history has to be read anew, from the beginning

Sources: plaid.com/docs/errors (by code), then `error_type`, then the HTTP class for codes that appear later.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from common.plaid import retry_after

HTTP_BAD_REQUEST = 400
HTTP_TOO_MANY = 429
HTTP_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Details:
    """What Plaid said. `display_message` is for the user, `request_id` for Plaid's support."""

    status: int
    error_type: str
    error_code: str
    error_message: str
    display_message: str | None = None
    request_id: str | None = None
    retry_after: float | None = None


class PlaidError(Exception):
    """Plaid refused, or could not be reached."""

    def __init__(self, details: Details) -> None:
        super().__init__(f"{details.error_code}: {details.error_message}")
        self.details = details

    @property
    def code(self) -> str:
        """Plaid's error_code, the only text worth branching on."""
        return self.details.error_code


class RetryLater(PlaidError):
    """Nobody has to act; try again with back-off, no sooner than `details.retry_after` seconds."""


class UserMustAct(PlaidError):
    """The user must go through Link's update mode; until then no sync can succeed."""


class OperatorMustAct(PlaidError):
    """Our configuration, plan or bug: alert, do not retry."""


class ItemGone(PlaidError):
    """Plaid knows this item no more: removed by us, by the user, or no longer supported."""


class CursorRefused(PlaidError):
    """Plaid does not know the cursor that we sent: only a sync from the beginning helps, and finds what was missed."""


Kind = type[PlaidError]


def _codes(kind: Kind, codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes.split(), kind)


MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
BY_CODE: dict[str, Kind] = (
    _codes(
        UserMustAct,
        "ITEM_LOGIN_REQUIRED ITEM_LOCKED INVALID_CREDENTIALS INVALID_MFA INVALID_OTP INVALID_PHONE_NUMBER "
        "INSUFFICIENT_CREDENTIALS USER_INPUT_TIMEOUT USER_SETUP_REQUIRED PASSWORD_RESET_REQUIRED ACCESS_NOT_GRANTED "
        "NO_ACCOUNTS INVALID_PUBLIC_TOKEN INVALID_LINK_TOKEN ADDITIONAL_CONSENT_REQUIRED INCORRECT_OAUTH_NONCE "
        "INCORRECT_LINK_TOKEN OAUTH_STATE_ID_NOT_FOUND OAUTH_STATE_ID_ALREADY_PROCESSED",
    )
    | _codes(
        ItemGone,
        "ITEM_NOT_FOUND ITEM_CONCURRENTLY_DELETED USER_PERMISSION_REVOKED INSTITUTION_NO_LONGER_SUPPORTED "
        "INVALID_UPDATED_USERNAME ITEM_NOT_SUPPORTED MFA_NOT_SUPPORTED INVALID_SEND_METHOD",
    )
    | _codes(
        RetryLater,
        f"PRODUCT_NOT_READY INSTITUTION_DOWN INSTITUTION_NOT_RESPONDING INSTITUTION_NOT_AVAILABLE {MUTATION} "
        "UNSUPPORTED_RESPONSE INTERNAL_SERVER_ERROR plaid-internal-error PLANNED_MAINTENANCE RATE_LIMIT "
        "TRANSACTIONS_SYNC_LIMIT TRANSACTIONS_LIMIT TRANSACTIONS_REFRESH_LIMIT ACCOUNTS_LIMIT BALANCE_LIMIT "
        "ACCOUNTS_BALANCE_GET_LIMIT ITEM_GET_LIMIT INSTITUTIONS_GET_LIMIT INSTITUTIONS_GET_BY_ID_LIMIT "
        "INSTITUTION_RATE_LIMIT LAST_UPDATED_DATETIME_OUT_OF_RANGE",
    )
    | _codes(
        OperatorMustAct,
        "CREDITS_EXHAUSTED TRIAL_CONNECTION_LIMIT PRODUCT_NOT_ENABLED PRODUCTS_NOT_SUPPORTED INSTANT_MATCH_FAILED "
        "MANUAL_VERIFICATION_REQUIRED NO_AUTH_ACCOUNTS NO_INVESTMENT_ACCOUNTS NO_LIABILITY_ACCOUNTS "
        "INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT UNAUTHORIZED_INSTITUTION INSTITUTION_REGISTRATION_REQUIRED "
        "INVALID_ACCESS_TOKEN INVALID_ACCOUNT_ID INVALID_API_KEYS UNAUTHORIZED_ENVIRONMENT UNAUTHORIZED_ROUTE_ACCESS "
        "INVALID_PRODUCT INVALID_INSTITUTION INVALID_LINK_CUSTOMIZATION DIRECT_INTEGRATION_NOT_ENABLED "
        "INVALID_WEBHOOK_VERIFICATION_KEY_ID INVALID_USER_ID INVALID_USER_TOKEN INVALID_USER_IDENTITY_DATA "
        "INVALID_FIELD MISSING_FIELDS UNKNOWN_FIELDS INVALID_BODY INVALID_HEADERS INVALID_CONFIGURATION "
        "INCOMPATIBLE_API_VERSION SANDBOX_ONLY NOT_FOUND NO_LONGER_AVAILABLE SANDBOX_WEBHOOK_INVALID "
        "SANDBOX_PRODUCT_NOT_ENABLED",
    )
)
BY_TYPE: dict[str, Kind] = {
    "RATE_LIMIT_EXCEEDED": RetryLater,
    "API_ERROR": RetryLater,
    "INSTITUTION_ERROR": RetryLater,
    "TRANSACTIONS_ERROR": RetryLater,
    "ITEM_ERROR": UserMustAct,
    "OAUTH_ERROR": UserMustAct,
    "INVALID_INPUT": OperatorMustAct,
    "INVALID_REQUEST": OperatorMustAct,
    "INVALID_RESULT": OperatorMustAct,
    "SANDBOX_ERROR": OperatorMustAct,
}
"""Plaid has some 40 types, and more to come; the others are judged by their HTTP class."""


def classify(details: Details) -> PlaidError:
    """Return the error as one of the first four kinds: by code, else by type, else by HTTP class."""
    kind = BY_CODE.get(details.error_code) or BY_TYPE.get(details.error_type)
    if kind is None:
        transient = details.status == HTTP_TOO_MANY or details.status >= HTTP_SERVER_ERROR
        kind = RetryLater if transient else OperatorMustAct
    return kind(details)


def from_response(status: int, body: str | bytes | None, wait: str | None) -> PlaidError:
    """Return the error that an answer means, also when a proxy wrote HTML instead of Plaid's JSON.

    `wait` is the answer's Retry-After.
    """
    said = _said(body)
    return classify(
        Details(
            status=status,
            error_type=str(said.get("error_type") or "UNKNOWN"),
            error_code=str(said.get("error_code") or f"HTTP_{status}"),
            error_message=str(said.get("error_message") or "Plaid's answer could not be read"),
            display_message=said.get("display_message"),
            request_id=said.get("request_id"),
            retry_after=retry_after.seconds_of(wait, datetime.now(UTC)) if wait else None,
        )
    )


def unreachable(reason: str) -> RetryLater:
    """Return the error for a call that got no answer: refused, timed out, cut off."""
    return RetryLater(Details(0, "UNREACHABLE", "PLAID_UNREACHABLE", reason))


def of_cursor(error: PlaidError) -> PlaidError:
    """Return what an error of a sync with a cursor means: any 400 that names the cursor refuses it.

    Plaid documents no code for a cursor that is malformed, too old or another item's.
    """
    details = error.details
    named = "cursor" in f"{details.error_code} {details.error_message}".lower()
    refused = details.status == HTTP_BAD_REQUEST and named and details.error_code != MUTATION
    return CursorRefused(details) if refused else error


def _said(body: str | bytes | None) -> dict[str, Any]:
    try:
        said = json.loads(body or "")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
