"""How an item's login stands, by /item/get: the one trusted source: webhooks come late, twice, in any order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["active", "login_required", "revoked"]

GONE = frozenset({"USER_PERMISSION_REVOKED", "ITEM_NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class Login:
    """An item's status, with Plaid's error when it has one."""

    status: Status
    error_code: str | None = None
    error_message: str | None = None
    consent_expires_at: datetime | None = None


def read(item: dict[str, Any]) -> Login:
    """Return how the login stands by Plaid's item object."""
    expiry = item.get("consent_expiration_time")
    consent = datetime.fromisoformat(expiry) if expiry else None
    error = item.get("error")
    if not error:
        return Login("active", consent_expires_at=consent)
    code = str(error.get("error_code"))
    message = error.get("display_message") or error.get("error_message")
    return Login("revoked" if code in GONE else "login_required", code, message, consent)
