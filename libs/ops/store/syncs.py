"""Syncs of many items: made due, so that the sweeps ring for them, behind whatever people wait for."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WANTED = "status IN ('active', 'login_required') AND paused_at IS NULL"
COUNT = text(f"SELECT count(*) FROM plaid_integrations WHERE {WANTED}")
MAKE_DUE = text(f"""
    UPDATE plaid_integrations SET next_sync_at = least(next_sync_at, now())
    WHERE id IN (SELECT id FROM plaid_integrations WHERE id > :after AND {WANTED} ORDER BY id LIMIT :most)
    RETURNING id
""")


async def count(session: AsyncSession) -> int:
    """Return how many items can be read."""
    return int((await session.execute(COUNT)).scalar_one())


async def make_due(session: AsyncSession, after: int, most: int) -> tuple[int, int]:
    """Make at most so many items due whose ids follow `after`; return how many, and the last one's id."""
    ids = (await session.execute(MAKE_DUE, {"after": after, "most": most})).scalars().all()
    return len(ids), max(ids, default=after)
