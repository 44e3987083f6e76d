"""Notifications."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from link_api.domain.identifiers import LARGEST_BIG
from link_api.domain.notifications import Action, words
from link_api.schemas import Body, Reference

EXAMPLE: dict[str, JsonValue] = {
    "id": 12,
    "kind": "expiring",
    "integration_id": 3,
    "institution_name": "First Platypus Bank",
    "account": None,
    "title": "Your connection to First Platypus Bank runs out soon",
    "message": "Sign in again before it does, and transactions go on arriving without a gap.",
    "action": "reconnect",
    "due_at": "2026-11-29T09:00:00Z",
    "created_at": "2026-11-22T09:00:00Z",
    "read_at": None,
    "cleared_at": None,
}


class Notification(BaseModel):
    """Something to know about a linked bank, in words for its user. It stands until what it tells is over."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    id: int
    kind: str = Field(
        description="initial_complete | history_complete | login_required | expiring | revoked | account_revoked | "
        "repaired | new_accounts | institution_down; more may come, so show `title` and `message`"
    )
    integration_id: int
    institution_name: str | None
    account: Reference | None = Field(description="When it is about one account")
    title: str
    message: str
    action: Action = Field(
        description="reconnect: open Link in update mode; relink: link anew; add_accounts: open it in update "
        "mode with account_selection_enabled; none, as also once it stands no longer"
    )
    due_at: datetime | None = Field(description="When the connection runs out, for `expiring`")
    created_at: datetime
    read_at: datetime | None
    cleared_at: datetime | None = Field(description="When it stopped being so")

    @classmethod
    def of(cls, row: RowMapping) -> "Notification":
        """Return the stored notification as clients see it."""
        account = _account(row)
        said = words(row["kind"], row["institution_name"], _name(account), standing=row["standing"])
        plain = ("id", "kind", "integration_id", "institution_name", "due_at", "created_at", "read_at", "cleared_at")
        return cls(
            **{name: row[name] for name in plain},
            account=account,
            title=said.title,
            message=said.message,
            action=said.action,
        )


def _account(row: RowMapping) -> Reference | None:
    if row["account_id"] is None:
        return None
    return Reference(id=row["account_id"], name=row["account_name"], mask=row["account_mask"])


def _name(account: Reference | None) -> str | None:
    if account is None:
        return None
    return f"{account.name} ••••{account.mask}" if account.mask else account.name


class ReadUpTo(Body):
    """How far the user has read."""

    up_to: int = Field(ge=1, le=LARGEST_BIG, description="The highest id that the user has seen", examples=[12])
