"""`category_rules`, which users write through link_api."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.category_rules import Rule, Rules

OF_USER = text("""
    SELECT id, category, contains, equals, min_amount, max_amount, currency, account_id, money
    FROM category_rules WHERE user_id = :user_id ORDER BY position
""")


async def of_user(session: AsyncSession, user_id: int) -> Rules:
    """Return the user's rules in their order."""
    return Rules(Rule(*row) for row in await session.execute(OF_USER, {"user_id": user_id}))
