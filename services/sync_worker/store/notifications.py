"""Notifications: each stands once for an item (or one of its accounts) until it is cleared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain.notices import ONCE, Kind

TELL = text("""
    INSERT INTO notifications (user_id, integration_id, account_id, kind, due_at)
    SELECT i.user_id, i.id, CAST(:account_id AS integer), k.kind, CAST(:due_at AS timestamptz)
    FROM plaid_integrations i CROSS JOIN unnest(CAST(:kinds AS text[])) AS k(kind)
    WHERE i.id = :integration_id AND i.is_active AND (k.kind <> ALL(:once) OR NOT EXISTS (
        SELECT FROM notifications n WHERE n.integration_id = i.id AND n.kind = k.kind
    ))
    ORDER BY k.kind
    ON CONFLICT (integration_id, kind, coalesce(account_id, 0)) WHERE cleared_at IS NULL
        DO UPDATE SET due_at = excluded.due_at WHERE notifications.due_at IS DISTINCT FROM excluded.due_at
    RETURNING id, user_id, kind
""")
CLEAR = text("""
    UPDATE notifications SET cleared_at = now()
    WHERE integration_id = :integration_id AND kind = ANY(:kinds) AND cleared_at IS NULL
        AND (CAST(:account_id AS integer) IS NULL OR account_id = :account_id)
    RETURNING id, user_id, kind
""")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that begins to stand, or stands no longer."""

    id: int
    user_id: int
    kind: str


async def tell(
    session: AsyncSession,
    integration_id: int,
    kinds: Collection[Kind],
    *,
    account_id: int | None = None,
    due_at: datetime | None = None,
) -> Sequence[Notice]:
    """Let these stand, unless the item is no longer wanted; return those that did not, or had another date."""
    values = {"integration_id": integration_id, "kinds": list(kinds), "account_id": account_id, "due_at": due_at}
    rows = await session.execute(TELL, values | {"once": list(ONCE)})
    return [Notice(row.id, row.user_id, row.kind) for row in rows]


async def clear(
    session: AsyncSession, integration_id: int, kinds: Collection[Kind], *, account_id: int | None = None
) -> Sequence[Notice]:
    """End these, of one account or of all; return those that stood."""
    values = {"integration_id": integration_id, "kinds": list(kinds), "account_id": account_id}
    return [Notice(row.id, row.user_id, row.kind) for row in await session.execute(CLEAR, values)]
