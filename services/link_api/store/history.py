"""The history of syncs; sync_worker writes it."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.cursors import IdCursor
from link_api.domain.identifiers import LARGEST_BIG

OWNED = text("SELECT 1 FROM plaid_integrations WHERE id = :integration_id AND user_id = :user_id")
LIST = text("""
    SELECT h.id, h.sync_type, h.trigger, h.success, h.transactions_added, h.transactions_modified,
        h.transactions_removed, h.sync_duration, h.error_code, h.error_message, h.error_request_id, h.created_at
    FROM plaid_sync_history h JOIN plaid_integrations i ON i.id = h.integration_id
    WHERE h.integration_id = :integration_id AND i.user_id = :user_id AND h.id < :before
    ORDER BY h.id DESC LIMIT :limit
""")


async def page(
    session: AsyncSession, user_id: int, integration_id: int, after: IdCursor | None, limit: int
) -> list[RowMapping] | None:
    """Return up to `limit` syncs of this user's integration that follow `after`, newest first; None if not theirs."""
    values = {"user_id": user_id, "integration_id": integration_id}
    if (await session.execute(OWNED, values)).one_or_none() is None:
        return None
    before = after.id if after else LARGEST_BIG
    return list((await session.execute(LIST, values | {"before": before, "limit": limit})).mappings())
