"""Transactions that could not be used, and wait with their raw text."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WAITING = """resolved_at IS NULL AND (CAST(:integration_id AS int) IS NULL OR integration_id = :integration_id)
    AND (CAST(:reason AS text) IS NULL OR position(lower(:reason) IN lower(reason)) > 0)"""
SOME = text(f"""
    SELECT integration_id, transaction_id, reason, attempts, created_at AS waits_since, next_retry_at AS next_try
    FROM quarantined_transactions WHERE {WAITING} ORDER BY id LIMIT :most
""")
COUNT = text(f"SELECT count(*) FROM quarantined_transactions WHERE {WAITING}")
REPLAY = text(f"""
    WITH due AS (
        UPDATE quarantined_transactions SET next_retry_at = now() WHERE {WAITING} RETURNING integration_id
    ), rung AS (
        UPDATE plaid_integrations SET next_sync_at = least(next_sync_at, now())
        WHERE status = 'active' AND paused_at IS NULL AND id IN (SELECT integration_id FROM due) RETURNING id
    )
    SELECT (SELECT count(*) FROM due) AS transactions, (SELECT count(DISTINCT integration_id) FROM due) AS items,
        (SELECT count(*) FROM rung) AS soon
""")
"""The sweeps ring for what is due, so many at a time, however many there are."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction in quarantine."""

    integration_id: int
    transaction_id: str
    reason: str
    attempts: int
    waits_since: datetime
    next_try: datetime


@dataclass(frozen=True, slots=True)
class Replay:
    """So many transactions of so many items are due; of these so many can be synced now, the others' users must act."""

    transactions: int
    items: int
    soon: int


async def some(
    session: AsyncSession, integration_id: int | None, reason: str | None, most: int
) -> tuple[list[Waiting], int]:
    """Return what waits, of this item, for a reason with these words; the oldest first, and how many there are."""
    values = {"integration_id": integration_id, "reason": reason}
    rows = (await session.execute(SOME, values | {"most": most})).mappings()
    return [Waiting(**row) for row in rows], (await session.execute(COUNT, values)).scalar_one()


async def replay(session: AsyncSession, integration_id: int | None, reason: str | None) -> Replay:
    """Make what waits due, and its items: the next sync of each reads it again by today's schema."""
    row = (await session.execute(REPLAY, {"integration_id": integration_id, "reason": reason})).mappings().one()
    return Replay(**row)
