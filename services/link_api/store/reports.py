"""What a year's tax form is made of."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.schedule_c import Share, Total
from link_api.store.expenses import CATEGORY
from link_api.store.filters import COUNTS, OPEN_QUESTION

SHARES = text(f"""
    SELECT e.iso_currency_code, e.unofficial_currency_code, c.slug, c.schedule_c_line,
        CASE WHEN e.excluded THEN 'excluded' WHEN {OPEN_QUESTION} THEN 'needs_review'
            WHEN c.kind = 'personal' OR c.schedule_c_line IS NULL THEN 'personal' END AS left_out,
        sum(e.amount) AS amount, count(*) AS count
    FROM expenses e JOIN {CATEGORY}
    WHERE e.user_id = :user_id AND {COUNTS} AND e.expense_date BETWEEN :first_day AND :last_day
    GROUP BY 1, 2, 3, 4, 5
""")


async def shares(session: AsyncSession, user_id: int, year: int) -> list[Share]:
    """Return what each category of the user has in the calendar year, each currency apart."""
    values = {"user_id": user_id, "first_day": date(year, 1, 1), "last_day": date(year, 12, 31)}
    return [
        Share(
            row["iso_currency_code"],
            row["unofficial_currency_code"],
            row["slug"],
            row["schedule_c_line"],
            row["left_out"],
            Total(row["amount"], row["count"]),
        )
        for row in (await session.execute(SHARES, values)).mappings()
    ]
