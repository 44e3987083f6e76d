"""Integrations and their accounts."""

from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping

from link_api.domain import money
from link_api.domain.actions import Action, action_required


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


class Integration(BaseModel):
    """A linked bank login (Plaid's item)."""

    id: int
    institution: Institution
    status: str = Field(description="active | login_required | revoked | removing | disconnected")
    action_required: Action | None = Field(description="reconnect: open Link in update mode; relink: link anew")
    stage: str = Field(description="Plaid's transactions_update_status: how much history has arrived")
    syncing: bool
    transactions: int
    history_from: date | None
    last_sync_at: datetime | None
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
            syncing=row["syncing"],
            transactions=row["transactions"],
            history_from=row["history_from"],
            last_sync_at=row["last_sync_at"],
            last_error=_last_error(row),
            created_at=row["created_at"],
        )


def _last_error(row: RowMapping) -> LastError | None:
    if row["last_sync_error"] is None:
        return None
    return LastError(
        code=row["last_sync_error"],
        message=row["last_sync_error_message"],
        request_id=row["last_sync_error_request_id"],
        at=row["last_sync_error_at"],
    )


class Account(BaseModel):
    """An account, with its balance as of a time."""

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
    enabled: bool

    @classmethod
    def of(cls, row: RowMapping) -> "Account":
        """Return the stored account as clients see it."""
        amounts = ("current_balance", "available_balance", "credit_limit")
        plain = ("id", "integration_id", "institution_name", "name", "official_name", "type", "subtype", "mask")
        return cls(
            **{name: row[name] for name in (*plain, "balance_as_of", "enabled")},
            **{name: money.optional_text(row[name], row["iso_currency_code"]) for name in amounts},
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
        )
