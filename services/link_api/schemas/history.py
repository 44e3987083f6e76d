"""The history of syncs."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

EXAMPLE: dict[str, JsonValue] = {
    "id": 812,
    "type": "update",
    "trigger": "webhook",
    "success": True,
    "added": 3,
    "modified": 1,
    "removed": 1,
    "duration_ms": 412,
    "error": None,
    "at": "2026-11-22T09:00:00Z",
}
FAILED: dict[str, JsonValue] = EXAMPLE | {
    "id": 811,
    "success": False,
    "added": 0,
    "modified": 0,
    "removed": 0,
    "error": {
        "code": "INSTITUTION_DOWN",
        "message": "this institution is not currently responding to this request",
        "request_id": "m8MDnv9okwxFNBV",
    },
}


class SyncError(BaseModel):
    """Why a sync failed; `request_id` is for Plaid's support."""

    code: str
    message: str | None
    request_id: str | None


class Sync(BaseModel):
    """One sync of a bank: what it brought, or why it failed."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, FAILED]})
    id: int
    type: str = Field(description="initial | historical | update")
    trigger: str = Field(
        description="What asked for it: linked, manual, webhook, sweep, repaired, audit; more may come"
    )
    success: bool
    added: int = Field(description="Transactions")
    modified: int
    removed: int
    duration_ms: int
    error: SyncError | None
    at: datetime = Field(description="When it ended")

    @classmethod
    def of(cls, row: RowMapping) -> "Sync":
        """Return the stored sync as clients see it."""
        error = row["error_code"] and SyncError(
            code=row["error_code"], message=row["error_message"], request_id=row["error_request_id"]
        )
        return cls(
            id=row["id"],
            type=row["sync_type"],
            trigger=row["trigger"],
            success=row["success"],
            added=row["transactions_added"],
            modified=row["transactions_modified"],
            removed=row["transactions_removed"],
            duration_ms=row["sync_duration"],
            error=error or None,
            at=row["created_at"],
        )
