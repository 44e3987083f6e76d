"""Items, by whatever id somebody has at hand, or by how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import SyncRequested
from common.tables.link_api import STATUSES

PAUSED = "paused"
STANDINGS = ("active", PAUSED, *(status for status in STATUSES if status != "active"))
"""How an item may stand: its status, or that an operator paused it."""
IS_PAUSED = "paused_at IS NOT NULL AND status NOT IN ('removing', 'disconnected')"

ITEMS = f"""
    SELECT id, item_id, user_id, coalesce(institution_name, institution_id) AS institution,
        CASE WHEN {IS_PAUSED} THEN '{PAUSED}' ELSE status END AS status, last_sync_at,
        last_sync_error AS error, next_sync_at
    FROM plaid_integrations
"""
BY_NAME = text(f"{ITEMS} WHERE item_id = :name OR id = :id ORDER BY item_id = :name DESC LIMIT 1")
LARGEST = 2**31 - 1

LAST_SUCCESS = "coalesce(last_sync_at, created_at)"
OF_STATUS = f"(status = ANY(:statuses) AND NOT ({IS_PAUSED}) OR :paused AND {IS_PAUSED})"
AT_WORK = "status = 'active' AND paused_at IS NULL"
"""In these words, as the index of silent items has them."""
AT_INSTITUTION = """institution_id = ANY(ARRAY(
    SELECT institution_id FROM institutions WHERE institution_id = :institution OR lower(name) = lower(:institution)
    UNION ALL SELECT :institution))"""
SILENT = f"{LAST_SUCCESS} < now() - CAST(:silent AS interval)"
MOST_COUNTED = 100_000
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items: of one of these standings, at this institution (Plaid's id or name), silent for longer than that.

    Silence that nobody said more about is that of items that should be synced.
    """

    standings: Sequence[str] = ()
    institution: str | None = None
    silent: timedelta | None = None

    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return it as SQL, made of fixed words alone, and its values."""
        parts = ["true"]
        values: dict[str, Any] = {}
        if self.standings:
            parts.append(OF_STATUS)
            values |= {"statuses": list(self.standings), "paused": PAUSED in self.standings}
        elif self.silent is not None:
            parts.append(AT_WORK)
        if self.institution is not None:
            parts.append(AT_INSTITUTION)
            values["institution"] = self.institution
        if self.silent is not None:
            parts.append(SILENT)
            values["silent"] = self.silent
        return " AND ".join(parts), values


async def find(session: AsyncSession, name: str) -> Item | None:
    """Return the item with this id, ours or Plaid's."""
    ours = int(name) if name.isascii() and name.isdigit() and int(name) <= LARGEST else None
    row = (await session.execute(BY_NAME, {"name": name, "id": ours})).mappings().first()
    return Item(**row) if row else None


async def some(session: AsyncSession, wanted: Wanted, most: int) -> tuple[list[Item], int]:
    """Return the items that are wanted, at most so many, and how many there are, counted up to MOST_COUNTED.

    The most silent first where silence is asked for, else in the order of their ids.
    """
    where, values = wanted.condition()
    order = LAST_SUCCESS if wanted.silent is not None else "id"
    rows = await session.execute(
        text(f"{ITEMS} WHERE {where} ORDER BY {order}, id LIMIT :most"), values | {"most": most}
    )
    counted = f"SELECT count(*) FROM (SELECT FROM plaid_integrations WHERE {where} LIMIT {MOST_COUNTED}) AS wanted"
    return [Item(**row) for row in rows.mappings()], (await session.execute(text(counted), values)).scalar_one()


async def begin_again(session: AsyncSession, integration_id: int) -> bool:
    """Have all of an item read again from the beginning; return False when it is not connected.

    Without a cursor sync_worker's next sync is complete: it writes what differs and removes what Plaid does not name.
    """
    if (await session.execute(BEGIN_AGAIN, {"integration_id": integration_id})).first() is None:
        return False
    event = SyncRequested(integration_id=integration_id, trigger="audit", requested_at=datetime.now(UTC))
    await outbox.emit(session, event)
    return True
