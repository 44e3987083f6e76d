"""Transactions, newest day first, then the highest id; pages by keyset."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.cursors import Cursor

TRANSACTIONS = """
    SELECT t.id, t.date, t.name, t.merchant_name, t.amount, t.iso_currency_code, t.unofficial_currency_code, t.pending,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask
    FROM plaid_transactions t
    JOIN plaid_accounts a ON a.id = t.account_id
    JOIN plaid_integrations i ON i.id = t.integration_id
    WHERE i.user_id = :user_id AND i.is_active AND t.sync_status = 'synced'
        AND (CAST(:pending AS boolean) IS NULL OR t.pending = :pending)
"""
FIRST = text(f"{TRANSACTIONS} ORDER BY t.date DESC, t.id DESC LIMIT :limit")
NEXT = text(f"""{TRANSACTIONS} AND (t.date, t.id) < (:day, :id)
    ORDER BY t.date DESC, t.id DESC LIMIT :limit
""")


async def page(
    session: AsyncSession, user_id: int, after: Cursor | None, limit: int, *, pending: bool | None
) -> list[RowMapping]:
    """Return up to `limit` of the user's transactions after `after`; only pending or only posted ones if asked."""
    values = {"user_id": user_id, "limit": limit, "pending": pending}
    if after is None:
        return list((await session.execute(FIRST, values)).mappings())
    return list((await session.execute(NEXT, values | {"day": after.day, "id": after.id})).mappings())
