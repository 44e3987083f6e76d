"""Plaid's errors: type, HTTP status and text by code (https://plaid.com/docs/errors)."""

from typing import NamedTuple

_TEXTS = {
    "ITEM_ERROR": {
        "ITEM_LOGIN_REQUIRED": "the login details of this item have changed (credentials, MFA, or required user action)"
        " and a user login is required to update this information. use Link's update mode to restore the item to a"
        " good state",
        "ITEM_NOT_FOUND": "The Item you requested cannot be found. This Item does not exist, has been previously"
        " removed via /item/remove, or has had access removed by the user.",
        "ITEM_CONCURRENTLY_DELETED": "This item was deleted while the operation was in progress",
        "ITEM_LOCKED": "this account is locked. prompt the user to visit the institution's site to unlock it",
        "INVALID_CREDENTIALS": "the credentials were not correct. please try again.",
        "INVALID_MFA": "the response to the MFA question was not correct. please try again.",
        "INVALID_OTP": "the one-time password was not correct. please try again.",
        "INVALID_PHONE_NUMBER": "the phone number was not correct. please try again.",
        "INSUFFICIENT_CREDENTIALS": "insufficient authorization was granted to complete the request",
        "USER_INPUT_TIMEOUT": "user must retry this operation",
        "INVALID_SEND_METHOD": "returned when the method used to send MFA is not supported",
        "MFA_NOT_SUPPORTED": "this account requires a MFA type that we do not currently support for the institution",
        "ITEM_NOT_SUPPORTED": "this account is currently not supported",
        "INVALID_UPDATED_USERNAME": "the username provided to /item/credentials/update does not match the original",
        "USER_SETUP_REQUIRED": "the account has not been fully set up. prompt the user to visit the issuing"
        " institution's site and finish the setup process",
        "PASSWORD_RESET_REQUIRED": "the user must log in directly to the institution to reset their password",
        "ACCESS_NOT_GRANTED": "access to this product was not granted for the account",
        "NO_ACCOUNTS": "no valid accounts exist for this item",
        "PRODUCT_NOT_READY": "the requested product is not yet ready. please provide a webhook or try the request again"
        " later",
        "PRODUCT_NOT_ENABLED": "a required product has not been enabled for this item",
        "PRODUCTS_NOT_SUPPORTED": "the products you requested are not supported for this item",
    },
    "INSTITUTION_ERROR": {
        "INSTITUTION_DOWN": "this institution is not currently responding to this request. please try again soon",
        "INSTITUTION_NOT_RESPONDING": "this institution is not currently responding to this request. please try again"
        " soon",
        "INSTITUTION_NOT_AVAILABLE": "this institution is not currently responding to this request. please try again"
        " soon",
        "INSTITUTION_NO_LONGER_SUPPORTED": "this institution is no longer supported",
        "INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT": "institution is not enabled in this environment",
        "INSTITUTION_REGISTRATION_REQUIRED": "institution requires registration before it can be used",
        "UNAUTHORIZED_INSTITUTION": "not authorized to access this institution in this environment",
        "UNSUPPORTED_RESPONSE": "the data returned from the financial institution is not valid",
    },
    "TRANSACTIONS_ERROR": {
        "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION": "Underlying transaction data changed since last page was"
        " fetched. Please restart pagination from last update.",
    },
    "RATE_LIMIT_EXCEEDED": dict.fromkeys(
        (
            "TRANSACTIONS_SYNC_LIMIT",
            "TRANSACTIONS_LIMIT",
            "TRANSACTIONS_REFRESH_LIMIT",
            "ACCOUNTS_LIMIT",
            "BALANCE_LIMIT",
            "ACCOUNTS_BALANCE_GET_LIMIT",
            "ITEM_GET_LIMIT",
            "INSTITUTIONS_GET_LIMIT",
            "INSTITUTIONS_GET_BY_ID_LIMIT",
            "INSTITUTION_RATE_LIMIT",
            "RATE_LIMIT",
            "CREDITS_EXHAUSTED",
            "TRIAL_CONNECTION_LIMIT",
        ),
        "rate limit exceeded for attempts to access this item. please try again later",
    ),
    "API_ERROR": {
        "INTERNAL_SERVER_ERROR": "an unexpected error occurred",
        "PLANNED_MAINTENANCE": "the Plaid API is temporarily unavailable due to planned maintenance. visit"
        " https://status.plaid.com/ for more information",
    },
    "INVALID_INPUT": {
        "INVALID_ACCESS_TOKEN": "could not find matching access token",
        "INVALID_PUBLIC_TOKEN": "could not find matching public token",
        "INVALID_LINK_TOKEN": "invalid link_token provided",
        "INVALID_ACCOUNT_ID": "failed to find requested account ID for requested item",
        "INVALID_API_KEYS": "invalid client_id or secret provided",
        "UNAUTHORIZED_ENVIRONMENT": "you are not authorized to create items in this api environment. Go to the"
        " Dashboard to see which environments you are authorized for.",
        "UNAUTHORIZED_ROUTE_ACCESS": "client is not authorized to access this route",
        "INVALID_PRODUCT": "client is not authorized to access the requested product",
        "INVALID_INSTITUTION": "invalid institution_id provided",
        "INVALID_LINK_CUSTOMIZATION": "requested link customization is not set in the dashboard",
        "DIRECT_INTEGRATION_NOT_ENABLED": "your client ID is only authorized to use Plaid Link",
        "INVALID_WEBHOOK_VERIFICATION_KEY_ID": "invalid key_id provided. note that key_ids are specific to Plaid"
        " environments, and verification requests must be made to the same environment that the webhook was sent from",
        "ADDITIONAL_CONSENT_REQUIRED": "client does not have user consent to access this product",
        "USER_PERMISSION_REVOKED": "the holder of this account has revoked their permission for your application to"
        " access it",
    },
    "INVALID_REQUEST": {
        "INVALID_FIELD": "a field is invalid",
        "MISSING_FIELDS": "required fields are missing",
        "UNKNOWN_FIELDS": "some fields are not recognized by this endpoint",
        "INVALID_BODY": "body could not be parsed as JSON",
        "INVALID_HEADERS": "a required header is missing or invalid",
        "INVALID_CONFIGURATION": "please ensure that the configuration of this request is valid",
        "INCOMPATIBLE_API_VERSION": "incompatible API version",
        "SANDBOX_ONLY": "access to this endpoint is only available in the sandbox environment",
        "NOT_FOUND": "not found",
        "NO_LONGER_AVAILABLE": "this endpoint is no longer available",
    },
    "INVALID_RESULT": {
        "LAST_UPDATED_DATETIME_OUT_OF_RANGE": "requested datetime out of range, most recently updated balance is older",
    },
    "SANDBOX_ERROR": {
        "SANDBOX_WEBHOOK_INVALID": "webhook for the item is not set up or is invalid",
        "SANDBOX_PRODUCT_NOT_ENABLED": "the requested product is not enabled for this item",
    },
    "OAUTH_ERROR": {
        "INCORRECT_OAUTH_NONCE": "nonce does not match",
        "INCORRECT_LINK_TOKEN": "link token does not match original link token used to initialize the OAuth flow",
        "OAUTH_STATE_ID_NOT_FOUND": "the OAuth state ID could not be found",
        "OAUTH_STATE_ID_ALREADY_PROCESSED": "the OAuth state ID has already been processed",
    },
}
_STATUSES = {
    "INTERNAL_SERVER_ERROR": 500,
    "PLANNED_MAINTENANCE": 503,
    "NOT_FOUND": 404,
    "NO_LONGER_AVAILABLE": 404,
    "OAUTH_STATE_ID_NOT_FOUND": 404,
    "OAUTH_STATE_ID_ALREADY_PROCESSED": 208,
}
_SHOWN = {
    "INVALID_CREDENTIALS": "The provided credentials were not correct. Please try again.",
    "ITEM_LOCKED": "The account is locked. Please visit the institution's site to unlock it.",
    "ITEM_LOGIN_REQUIRED": "Your bank needs you to sign in again.",
    "INSTITUTION_DOWN": "This bank is not responding. Please try again later.",
}


class Meaning(NamedTuple):
    """What Plaid's documentation says of one error code."""

    type: str
    status: int
    text: str


CATALOGUE = {
    code: Meaning(kind, _STATUSES.get(code, 429 if kind == "RATE_LIMIT_EXCEEDED" else 400), text)
    for kind, texts in _TEXTS.items()
    for code, text in texts.items()
}


class PlaidError(Exception):
    """An answer with Plaid's error body. A code that Plaid does not document is an API_ERROR of status 400."""

    def __init__(
        self, code: str, message: str | None = None, *, reason: str | None = None, retry_after: int | None = None
    ) -> None:
        self.code = code
        self.type, self.status, text = CATALOGUE.get(code, Meaning("API_ERROR", 400, "an error that nobody documented"))
        self.message = message or text
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.message}")

    def fields(self) -> dict[str, object]:
        """Return the body without what belongs to the request; webhooks and /item/get carry it so."""
        fields: dict[str, object] = {
            "display_message": _SHOWN.get(self.code),
            "documentation_url": f"https://plaid.com/docs/errors/#{self.code.lower()}",
            "error_code": self.code,
            "error_message": self.message,
            "error_type": self.type,
            "suggested_action": None,
        }
        return fields if self.reason is None else fields | {"error_code_reason": self.reason}

    def fields_of_item(self) -> dict[str, object]:
        """Return the body as an Item or a webhook carries it: there a revoked permission is an ITEM_ERROR too."""
        return self.fields() | ({"error_type": "ITEM_ERROR"} if self.code == "USER_PERMISSION_REVOKED" else {})
