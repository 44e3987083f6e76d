"""What became of Plaid's categories once users said what their expenses were: counts, and nothing of any text."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

MOST_OF_ONE = 10
"""Outcomes of one code and level that count for a user, in proportion: nobody speaks for all."""

CONFIRMED = text("""
    WITH told AS (
        SELECT e.user_id, t.pfc_version, t.pfc_primary, t.pfc_detailed, t.pfc_confidence,
            coalesce(e.user_category_id, e.auto_category) AS category, count(*) AS times
        FROM expenses e JOIN plaid_transactions t ON t.id = e.transaction_id
        WHERE (e.user_category_id IS NOT NULL OR (e.reviewed_at IS NOT NULL AND NOT e.needs_review))
          AND t.pfc_detailed IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5, 6
    ), weighed AS (
        SELECT *, times * least(1.0, :most_of_one / sum(times) OVER (
            PARTITION BY user_id, pfc_detailed, pfc_confidence
        )) AS weight FROM told
    )
    SELECT pfc_version, pfc_primary, pfc_detailed, pfc_confidence, category, sum(weight)::float AS times FROM weighed
    GROUP BY 1, 2, 3, 4, 5
""")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many times transactions of a code and level were of one of our categories, by their users' word."""

    version: str | None
    primary: str | None
    detailed: str
    level: str | None
    category: str
    times: float


async def confirmed(session: AsyncSession) -> list[Confirmed]:
    """Return what this deployment's users chose or confirmed; reads the expenses once, whole."""
    rows = await session.execute(CONFIRMED, {"most_of_one": MOST_OF_ONE})
    return [Confirmed(*row) for row in rows]
