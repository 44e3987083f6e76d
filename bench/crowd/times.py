"""How long syncs took, and how long each change took from its webhook, by the tables and by what the streams heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from common.database import Database

NOW = text("SELECT clock_timestamp()")
SYNCS = text("""
    SELECT coalesce(avg(sync_duration) FILTER (WHERE success AND created_at < :began), 0)::float8 AS imports,
        coalesce(avg(sync_duration) FILTER (WHERE success AND created_at >= :began), 0)::float8 AS changes,
        count(*) FILTER (WHERE success) AS done, count(*) FILTER (WHERE NOT success) AS failed
    FROM plaid_sync_history
""")
CHANGES = text("""
    SELECT e.id, extract(epoch FROM h.rung_at)::float8 AS rung, extract(epoch FROM e.created_at)::float8 AS decided
    FROM plaid_sync_history h
        JOIN plaid_transactions t ON t.integration_id = h.integration_id AND t.created_at = h.created_at
        JOIN expenses e ON e.transaction_id = t.id
    WHERE h.success AND h.rung_at IS NOT NULL AND h.created_at >= :began
""")
"""What one sync stored has the moment of its transaction, as the sync's own row of history has."""


@dataclass(frozen=True, slots=True)
class Syncs:
    """Average milliseconds of the syncs of the imports and of those since, and how many were done and failed."""

    imports: float
    changes: float
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds from a webhook to the transaction that decides its expense, and to the browser."""

    expense: list[float]
    browser: list[float]


async def now(database: Database) -> datetime:
    """Return the time by PostgreSQL's clock."""
    async with database.transaction() as session:
        moment: datetime = (await session.execute(NOW)).scalar_one()
        return moment


async def syncs(database: Database, began: datetime) -> Syncs:
    """Return what the history of syncs says, before and since."""
    async with database.transaction() as session:
        return Syncs(**(await session.execute(SYNCS, {"began": began})).mappings().one())


async def waits(database: Database, began: datetime, heard: Mapping[str, float]) -> Waits:
    """Return how long each new expense took since then, and its browser: no stream heard those that it lacks."""
    async with database.transaction() as session:
        rows = (await session.execute(CHANGES, {"began": began})).all()
    return Waits(
        [1000 * max(0.0, row.decided - row.rung) for row in rows],
        [1000 * max(0.0, heard[str(row.id)] - row.rung) for row in rows if str(row.id) in heard],
    )
