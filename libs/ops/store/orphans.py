"""Items that ring and that no integration has."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ORPHANS = """
    FROM orphan_items o LEFT JOIN plaid_integrations i ON i.item_id = o.item_id
    WHERE i.id IS NULL OR i.status = 'disconnected'
"""
SOME = text(f"""
    SELECT o.item_id, CASE WHEN i.id IS NULL THEN 'unknown' ELSE 'removed' END AS kind, i.id AS integration_id,
        o.first_seen_at, o.last_seen_at, o.webhooks, o.webhook_type, o.webhook_code
    {ORPHANS} ORDER BY o.last_seen_at DESC, o.item_id LIMIT :most
""")
COUNT = text(f"SELECT count(*) {ORPHANS}")


@dataclass(frozen=True, slots=True)
class Orphan:
    """An item that Plaid bills still; `unknown`: no row has it, `removed`: Plaid had confirmed that it is gone."""

    item_id: str
    kind: str
    integration_id: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    webhooks: int
    webhook_type: str
    webhook_code: str


async def some(session: AsyncSession, most: int) -> tuple[list[Orphan], int]:
    """Return the orphans that rang last, at most so many, and how many there are."""
    rows = (await session.execute(SOME, {"most": most})).mappings()
    return [Orphan(**row) for row in rows], (await session.execute(COUNT)).scalar_one()
