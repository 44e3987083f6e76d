"""Transactions that another version of the pipeline decided."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# What has no expense keeps no version: it is decided again each time, which changes nothing once it is decided so.
OLDER = text("""
    SELECT t.id, t.integration_id FROM plaid_transactions t
    LEFT JOIN expenses e ON e.transaction_id = t.id
    WHERE t.id > :after AND t.decided_version = t.version AND t.sync_status = 'synced' AND NOT t.pending
      AND (e.id IS NULL
        OR (e.pipeline_version <> :version AND e.user_category_id IS NULL AND e.reviewed_at IS NULL))
      AND (CAST(:user_id AS integer) IS NULL
        OR t.integration_id IN (SELECT id FROM plaid_integrations WHERE user_id = :user_id))
    ORDER BY t.id LIMIT :most
""")
LAST = text("SELECT coalesce(max(id), 0) FROM plaid_transactions")


@dataclass(frozen=True, slots=True)
class Older:
    """A transaction that an older pipeline decided, or one without an expense, of which that is not known."""

    id: int
    integration_id: int


async def older(session: AsyncSession, *, version: str, after: int, most: int, user_id: int | None) -> list[Older]:
    """Return up to `most` that another version decided, in the order of their ids; none about which its user spoke."""
    values = {"after": after, "most": most, "user_id": user_id, "version": version}
    return [Older(row.id, row.integration_id) for row in await session.execute(OLDER, values)]


async def last(session: AsyncSession) -> int:
    """Return the highest id of a transaction, 0 where there is none."""
    return int((await session.execute(LAST)).scalar_one())
