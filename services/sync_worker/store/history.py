"""The history of syncs: one row for each, also for those that failed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.logging import correlation_id
from sync_worker.domain.failure import Failure

HISTORY = text("""
    INSERT INTO plaid_sync_history (integration_id, sync_type, trigger, transactions_added, transactions_modified,
        transactions_removed, pages, restarts, sync_duration, success, error_code, error_message, error_request_id,
        correlation_id, rung_at)
    VALUES (:integration_id, :sync_type, :trigger, :added, :modified, :removed, :pages, :restarts, :milliseconds,
        :success, :error_code, :error_message, :error_request_id, :correlation_id, :rung_at)
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a sync did, or why it did not."""

    integration_id: int
    sync_type: str
    trigger: str
    added: int = 0
    modified: int = 0
    removed: int = 0
    pages: int = 0
    restarts: int = 0
    milliseconds: int = 0
    failure: Failure | None = None
    rung_at: datetime | None = None
    """When the oldest doorbell rang that a sync answered."""

    def counts(self) -> dict[str, int]:
        """Return the numbers, for the log."""
        names = ("added", "modified", "removed", "pages", "restarts", "milliseconds")
        return {name: getattr(self, name) for name in names}


def values(entry: Entry) -> dict[str, object]:
    """Return what the statement asks for."""
    failure = entry.failure
    return entry.counts() | {
        "integration_id": entry.integration_id,
        "sync_type": entry.sync_type,
        "trigger": entry.trigger,
        "success": failure is None,
        "error_code": failure.code if failure else None,
        "error_message": failure.message if failure else None,
        "error_request_id": failure.request_id if failure else None,
        "correlation_id": correlation_id(),
        "rung_at": entry.rung_at,
    }


async def record(session: AsyncSession, entry: Entry) -> None:
    """Write the row in the caller's transaction."""
    await session.execute(HISTORY, values(entry))
