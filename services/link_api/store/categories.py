"""The expense categories."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

ALL = text("""
    SELECT slug AS category_slug, name AS category_name, cora_group AS category_group, kind, schedule_c_line
    FROM expense_categories
    ORDER BY array_position(ARRAY['business', 'personal', 'nonexpense'], kind), cora_group, name
""")


async def every(session: AsyncSession) -> list[RowMapping]:
    """Return all categories: business, personal, then what is no expense, each by group and name."""
    return list((await session.execute(ALL)).mappings())


async def known(session: AsyncSession) -> set[str]:
    """Return the slugs of all categories."""
    return {row["category_slug"] for row in await every(session)}


async def nonexpense(session: AsyncSession) -> set[str]:
    """Return the slugs of categories that are no expense's: income, transfers, debt."""
    return {row["category_slug"] for row in await every(session) if row["kind"] == "nonexpense"}
