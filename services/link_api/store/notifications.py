"""Notifications: sync_worker writes and clears them, here they are shown and read."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.cursors import IdCursor
from link_api.domain.identifiers import LARGEST_BIG

VIEW = """
    SELECT n.id, n.kind, n.integration_id, coalesce(b.name, i.institution_name) AS institution_name,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask, n.due_at, n.created_at, n.read_at,
        n.cleared_at, n.cleared_at IS NULL AND i.is_active AS standing
    FROM notifications n
    JOIN plaid_integrations i ON i.id = n.integration_id
    LEFT JOIN institutions b ON b.institution_id = i.institution_id
    LEFT JOIN plaid_accounts a ON a.id = n.account_id
    WHERE n.user_id = :user_id
"""
"""Once a bank is disconnected nothing about it stands any more, also before Plaid has confirmed the removal."""
LIST = text(f"""{VIEW} AND n.id < :before AND (:cleared OR (n.cleared_at IS NULL AND i.is_active))
    ORDER BY n.id DESC LIMIT :limit
""")
ONE = text(f"{VIEW} AND n.id = :id")
READ = text("UPDATE notifications SET read_at = now() WHERE user_id = :user_id AND id = :id AND read_at IS NULL")
READ_ALL = text("""
    WITH unread AS MATERIALIZED (
        SELECT id FROM notifications WHERE user_id = :user_id AND id <= :up_to AND read_at IS NULL
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE notifications n SET read_at = now() FROM unread WHERE n.id = unread.id
""")


async def page(
    session: AsyncSession, user_id: int, after: IdCursor | None, limit: int, *, cleared: bool
) -> list[RowMapping]:
    """Return up to `limit` of the user's notifications that follow `after`, newest first; only standing ones or all."""
    before = after.id if after else LARGEST_BIG
    values = {"user_id": user_id, "before": before, "limit": limit, "cleared": cleared}
    return list((await session.execute(LIST, values)).mappings())


async def read(session: AsyncSession, user_id: int, notification_id: int) -> RowMapping | None:
    """Note that the user has seen it, and when first; return it, or None unless it is this user's."""
    values = {"user_id": user_id, "id": notification_id}
    await session.execute(READ, values)
    return (await session.execute(ONE, values)).mappings().one_or_none()


async def read_all(session: AsyncSession, user_id: int, up_to: int) -> None:
    """Note that the user has seen all up to this id."""
    await session.execute(READ_ALL, {"user_id": user_id, "up_to": up_to})
