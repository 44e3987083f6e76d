"""What users chose for expenses, as a model of words may learn from it: one row for a merchant's line and a choice."""

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CHOSEN = text("""
    SELECT DISTINCT ON (e.user_id, e.merchant, e.user_category_id) t.name, t.amount, e.user_category_id, e.user_id
    FROM expenses e JOIN plaid_transactions t ON t.id = e.transaction_id
    WHERE e.user_category_id IS NOT NULL AND e.withdrawn_at IS NULL
    ORDER BY e.user_id, e.merchant, e.user_category_id, e.id
""")


class Choice(NamedTuple):
    """A bank's line and amount (Plaid's sign), and the category that a user chose."""

    line: str
    amount: Decimal
    category: str
    user_id: int


async def chosen(session: AsyncSession) -> list[Choice]:
    """Return every user's choices, each merchant once for a user and category; reads the expenses once, whole."""
    return [Choice(*row) for row in await session.execute(CHOSEN)]
