"""What a user spent, each currency apart."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.filters import Filter
from link_api.store import expenses
from link_api.store.filters import where

CURRENCY = "e.iso_currency_code, e.unofficial_currency_code"


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a sum is of, as SQL: what is shown of a group, what makes it, and which come first."""

    shown: str
    key: str
    order: str
    limit: str = ""


CATEGORY = Grouping(
    "c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group", "c.slug", "amount DESC, c.slug"
)
MONTH = Grouping("to_char(e.expense_date, 'YYYY-MM') AS month", "1", "month")
MERCHANT = Grouping("coalesce(e.vendor, e.description) AS merchant", "1", "amount DESC, merchant", "LIMIT 1000")


def summing(filter_: Filter, grouping: Grouping) -> tuple[TextClause, dict[str, object]]:
    """Return the query for a summary, and its values but for `user_id`."""
    conditions, values = where(filter_)
    statement = f"""
        SELECT {grouping.shown}, {CURRENCY}, sum(e.amount) AS amount, count(*) AS count
        FROM expenses e JOIN {expenses.CATEGORY}
        WHERE e.user_id = :user_id AND {conditions}
        GROUP BY {grouping.key}, {CURRENCY} ORDER BY {grouping.order}, {CURRENCY} {grouping.limit}
    """
    return text(statement), values


async def summed(session: AsyncSession, user_id: int, filter_: Filter, grouping: Grouping) -> list[RowMapping]:
    """Return what the user spent in each group and currency: largest first, months from the oldest."""
    statement, values = summing(filter_, grouping)
    return list((await session.execute(statement, values | {"user_id": user_id})).mappings())
