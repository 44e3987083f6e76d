"""Items, by whatever id somebody has at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import SyncRequested

ITEMS = """
    SELECT id, item_id, user_id, coalesce(institution_name, institution_id) AS institution, status, last_sync_at,
        last_sync_error AS error, next_sync_at
    FROM plaid_integrations
"""
BY_NAME = text(f"{ITEMS} WHERE item_id = :name OR CAST(id AS text) = :name ORDER BY item_id = :name DESC LIMIT 1")
SOME = text(f"""
    {ITEMS} WHERE CAST(:statuses AS text[]) IS NULL OR status = ANY(CAST(:statuses AS text[])) ORDER BY id LIMIT :most
""")
COUNT = text("""
    SELECT count(*) FROM plaid_integrations
    WHERE CAST(:statuses AS text[]) IS NULL OR status = ANY(CAST(:statuses AS text[]))
""")
BEGIN_AGAIN = text("""
    UPDATE plaid_integrations SET cursor = NULL, updated_at = now()
    WHERE id = :integration_id AND status IN ('active', 'login_required') RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Item:
    """An item, as one looks for it."""

    id: int
    item_id: str
    user_id: int
    institution: str | None
    status: str
    last_sync_at: datetime | None
    error: str | None
    next_sync_at: datetime | None


async def find(session: AsyncSession, name: str) -> Item | None:
    """Return the item with this id, ours or Plaid's."""
    row = (await session.execute(BY_NAME, {"name": name})).mappings().first()
    return Item(**row) if row else None


async def some(session: AsyncSession, statuses: Sequence[str], most: int) -> tuple[list[Item], int]:
    """Return items with one of these statuses (none named: with any), at most so many, and how many there are."""
    values = {"statuses": list(statuses) or None}
    rows = (await session.execute(SOME, values | {"most": most})).mappings()
    return [Item(**row) for row in rows], (await session.execute(COUNT, values)).scalar_one()


async def begin_again(session: AsyncSession, integration_id: int) -> bool:
    """Have all of an item read again from the beginning; return False when it is not connected.

    Without a cursor sync_worker's next sync is complete: it writes what differs and removes what Plaid does not name.
    """
    if (await session.execute(BEGIN_AGAIN, {"integration_id": integration_id})).first() is None:
        return False
    event = SyncRequested(integration_id=integration_id, trigger="audit", requested_at=datetime.now(UTC))
    await outbox.emit(session, event)
    return True
