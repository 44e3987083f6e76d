"""What a user spent, each currency apart."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.filters import Filter
from link_api.store.expenses import CATEGORY
from link_api.store.filters import where

SPENT = "e.iso_currency_code, e.unofficial_currency_code, sum(e.amount) AS amount, count(*) AS count"
MOST_MERCHANTS = 1000
CURRENCY = "e.iso_currency_code, e.unofficial_currency_code"


async def by_category(session: AsyncSession, user_id: int, filter_: Filter) -> list[RowMapping]:
    """Return what the user spent by the category that counts, largest first."""
    shown = "c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group"
    return await _summed(session, user_id, filter_, shown=shown, group="c.slug", order="ORDER BY amount DESC, c.slug")


async def by_month(session: AsyncSession, user_id: int, filter_: Filter) -> list[RowMapping]:
    """Return what the user spent in each month that has an expense, named 2026-11."""
    shown = "to_char(e.expense_date, 'YYYY-MM') AS month"
    return await _summed(session, user_id, filter_, shown=shown, group="1", order="ORDER BY month")


async def by_merchant(session: AsyncSession, user_id: int, filter_: Filter) -> list[RowMapping]:
    """Return what the user spent at the 1,000 merchants, or of the descriptions, that took most, largest first."""
    shown = "coalesce(e.vendor, e.description) AS merchant"
    rows = await _summed(session, user_id, filter_, shown=shown, group="1", order="ORDER BY amount DESC, merchant")
    return rows[:MOST_MERCHANTS]


async def _summed(
    session: AsyncSession, user_id: int, filter_: Filter, *, shown: str, group: str, order: str
) -> list[RowMapping]:
    conditions, values = where(filter_)
    statement = f"""
        SELECT {shown}, {SPENT} FROM expenses e JOIN {CATEGORY}
        WHERE e.user_id = :user_id AND {conditions} GROUP BY {group}, {CURRENCY} {order}, {CURRENCY}
    """
    return list((await session.execute(text(statement), values | {"user_id": user_id})).mappings())
