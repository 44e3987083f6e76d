"""The expense categories."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

ALL = text("""
    SELECT slug, name, cora_group, kind, schedule_c_line FROM expense_categories
    ORDER BY kind, cora_group NULLS LAST, name
""")


async def every(session: AsyncSession) -> list[RowMapping]:
    """Return all categories: business, then what is no expense, then personal, each by group and name."""
    return list((await session.execute(ALL)).mappings())


async def known(session: AsyncSession) -> set[str]:
    """Return the slugs of all categories."""
    return {row["slug"] for row in await every(session)}


async def nonexpense(session: AsyncSession) -> set[str]:
    """Return the slugs of categories that are no expense's: income, transfers, debt."""
    return {row["slug"] for row in await every(session) if row["kind"] == "nonexpense"}
