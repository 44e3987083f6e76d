"""Hints for browsers: `outbox.emit` writes them, streams read them, 24 hours later they are forgotten."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.positions import Snapshot

BATCH = 50
"""Events in memory of one stream: a browser that reads slowly, or not at all, costs no more than these."""
PRUNE_BATCH = 10_000

HORIZON = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_running,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_xid
"""
UNSENT = text(f"""
    SELECT s.oldest_running, s.next_xid, e.id, e.type, e.body
    FROM ({HORIZON}) s LEFT JOIN LATERAL (
        SELECT id, type, body FROM user_events
        WHERE user_id = :user_id AND id > :floor AND id <> ALL(CAST(:sent AS bigint[]))
        ORDER BY id LIMIT {BATCH}
    ) e ON true
    ORDER BY e.id
""")
KEPT = text(f"""
    SELECT s.oldest_running, s.next_xid,
        ARRAY(SELECT id FROM user_events WHERE user_id = :user_id ORDER BY id) AS ids
    FROM ({HORIZON}) s
""")
IS_KEPT = text("SELECT 1 FROM user_events WHERE user_id = :user_id AND id = :id")
PRUNE = text(f"""
    DELETE FROM user_events WHERE id IN (
        SELECT id FROM user_events
        WHERE id <= (SELECT max(id) FROM user_events WHERE created_at < now() - interval '24 hours')
        ORDER BY id LIMIT {PRUNE_BATCH}
    )
    RETURNING id
""")
"""Always the smallest ids, so that whoever resumes after an event that is kept has missed none."""


@dataclass(frozen=True, slots=True)
class UserEvent:
    """A stored event; `body` is its JSON."""

    id: int
    type: str
    body: str


async def unsent(
    session: AsyncSession, user_id: int, floor: int, sent: Collection[int]
) -> tuple[list[UserEvent], Snapshot]:
    """Return up to BATCH of the user's events above `floor` but those already sent, by id, and the snapshot read by."""
    rows = (await session.execute(UNSENT, {"user_id": user_id, "floor": floor, "sent": list(sent)})).all()
    events = [UserEvent(row.id, row.type, row.body) for row in rows if row.id is not None]
    return events, Snapshot(rows[0].oldest_running, rows[0].next_xid)


async def kept(session: AsyncSession, user_id: int) -> tuple[list[int], Snapshot]:
    """Return the ids of all of the user's events, and the snapshot they were read by."""
    row = (await session.execute(KEPT, {"user_id": user_id})).one()
    return row.ids, Snapshot(row.oldest_running, row.next_xid)


async def is_kept(session: AsyncSession, user_id: int, event_id: int) -> bool:
    """Return whether the event is this user's and still there."""
    return (await session.execute(IS_KEPT, {"user_id": user_id, "id": event_id})).one_or_none() is not None


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH events that are older than 24 hours; return how many."""
    return len((await session.execute(PRUNE)).all())
