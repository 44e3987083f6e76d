"""Integrations and their accounts."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool
from sqlalchemy import RowMapping

from common import money
from link_api.domain.actions import SYNCED_BY_ITSELF, Action, action_required
from link_api.schemas import Body

COMPLETE = "HISTORICAL_UPDATE_COMPLETE"
PLAIN = (
    "days_requested", "history_from", "paused", "syncing", "transactions", "last_sync_at", "disconnects_at",
    "consent_expires_at",
)  # fmt: skip

EXAMPLE: dict[str, JsonValue] = {
    "id": 3,
    "institution": {
        "id": "ins_109508",
        "name": "First Platypus Bank",
        "primary_color": "#1f7a5c",
        "logo": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
    "status": "active",
    "action_required": None,
    "stage": "HISTORICAL_UPDATE_COMPLETE",
    "history_complete": True,
    "days_requested": 730,
    "history_from": "2024-11-23",
    "paused": False,
    "syncing": False,
    "transactions": 1632,
    "last_sync_at": "2026-11-22T09:00:00Z",
    "next_sync_at": "2026-11-22T15:00:00Z",
    "disconnects_at": None,
    "consent_expires_at": None,
    "last_error": None,
    "created_at": "2026-11-01T08:30:00Z",
}
ACCOUNT: dict[str, JsonValue] = {
    "id": 7,
    "integration_id": 3,
    "institution_name": "First Platypus Bank",
    "name": "Plaid Checking",
    "official_name": "Plaid Gold Standard 0% Interest Checking",
    "type": "depository",
    "subtype": "checking",
    "mask": "0000",
    "current_balance": "110.00",
    "available_balance": "100.00",
    "credit_limit": None,
    "currency": "USD",
    "unofficial_currency": None,
    "balance_as_of": "2026-11-22T09:00:00Z",
    "enabled": True,
    "is_active": True,
    "revoked_at": None,
}


class SyncWish(Body):
    """Nothing to read what Plaid has; `refresh` to have Plaid ask the bank first, which may take a minute."""

    refresh: StrictBool = Field(default=False, description="An add-on of Plaid's: not every bank can be asked")


class AccountEdit(Body):
    """What a user decides about an account."""

    enabled: StrictBool = Field(description="false mutes it", examples=[False])


class Institution(BaseModel):
    """The bank."""

    id: str | None
    name: str | None
    primary_color: str | None = Field(examples=["#1f7a5c"])
    logo: str | None = Field(description="PNG, base64")


class LastError(BaseModel):
    """Why the last sync failed; `request_id` is for Plaid's support."""

    code: str
    message: str | None
    request_id: str | None
    at: datetime | None
    retry_at: datetime | None = Field(description="When it is tried again by itself; null: not without the user")


class Integration(BaseModel):
    """A linked bank login (Plaid's item)."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    id: int
    institution: Institution
    status: str = Field(description="active | login_required | revoked | removing | disconnected")
    action_required: Action | None = Field(description="reconnect: open Link in update mode; relink: link anew")
    stage: str = Field(description="Plaid's transactions_update_status: how much history has arrived")
    history_complete: bool = Field(description="All history that Plaid has of this bank has arrived")
    days_requested: int = Field(description="How many days of history Plaid was asked for", examples=[730])
    history_from: date | None = Field(description="Day of the oldest transaction that has arrived")
    paused: bool = Field(description="An operator has stopped its syncs for now; what happens meanwhile comes after")
    syncing: bool
    transactions: int
    last_sync_at: datetime | None
    next_sync_at: datetime | None = Field(description="No later, even if Plaid does not ring; null: not by itself")
    disconnects_at: datetime | None = Field(description="When the bank will end the connection unless it is repaired")
    consent_expires_at: datetime | None = Field(description="When the user's consent runs out unless it is renewed")
    last_error: LastError | None
    created_at: datetime

    @classmethod
    def of(cls, row: RowMapping) -> "Integration":
        """Return the stored integration as clients see it."""
        return cls(
            id=row["id"],
            institution=Institution(
                id=row["institution_id"],
                name=row["institution_name"],
                primary_color=row["primary_color"],
                logo=row["logo"],
            ),
            status=row["status"],
            action_required=action_required(row["status"]),
            stage=row["transactions_update_status"],
            history_complete=row["transactions_update_status"] == COMPLETE,
            next_sync_at=_next_sync_at(row),
            **{name: row[name] for name in PLAIN},
            last_error=_last_error(row),
            created_at=row["created_at"],
        )


def _next_sync_at(row: RowMapping) -> datetime | None:
    """Return when a sync comes by itself; in other states the column says when something else is due."""
    return row["next_sync_at"] if row["status"] == SYNCED_BY_ITSELF and not row["paused"] else None


def _last_error(row: RowMapping) -> LastError | None:
    if row["last_sync_error"] is None:
        return None
    return LastError(
        code=row["last_sync_error"],
        message=row["last_sync_error_message"],
        request_id=row["last_sync_error_request_id"],
        at=row["last_sync_error_at"],
        retry_at=_next_sync_at(row),
    )


class Account(BaseModel):
    """An account, with its balance as of a time."""

    model_config = ConfigDict(json_schema_extra={"examples": [ACCOUNT]})
    id: int
    integration_id: int
    institution_name: str | None
    name: str
    official_name: str | None
    type: str
    subtype: str | None
    mask: str | None
    current_balance: str | None = Field(examples=["110.00"])
    available_balance: str | None = Field(examples=["100.00"])
    credit_limit: str | None
    currency: str | None
    unofficial_currency: str | None
    balance_as_of: datetime | None
    enabled: bool = Field(description="false: muted, none of its transactions is an expense")
    is_active: bool = Field(description="false: Plaid no longer names it, its balances are the last that were known")
    revoked_at: datetime | None = Field(description="When the bank stopped sharing it")

    @classmethod
    def of(cls, row: RowMapping) -> "Account":
        """Return the stored account as clients see it."""
        amounts = ("current_balance", "available_balance", "credit_limit")
        plain = ("id", "integration_id", "institution_name", "name", "official_name", "type", "subtype", "mask")
        return cls(
            **{name: row[name] for name in (*plain, "balance_as_of", "enabled", "is_active", "revoked_at")},
            **{name: money.optional_text(row[name], row["iso_currency_code"]) for name in amounts},
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
        )
