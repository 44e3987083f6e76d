"""Transactions that could not be used, and expenses that ask their user."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

NEWEST = 10_000
"""Expenses of which the share is told: what the pipeline of these days leaves to its users, at the same small cost."""

QUARANTINED = text("SELECT count(*) FROM quarantined_transactions WHERE resolved_at IS NULL")
REVIEWS = text(f"""
    SELECT count(*) AS expenses,
        count(*) FILTER (WHERE needs_review AND user_category_id IS NULL AND reviewed_at IS NULL) AS asking
    FROM (
        SELECT needs_review, user_category_id, reviewed_at FROM expenses
        WHERE withdrawn_at IS NULL ORDER BY id DESC LIMIT {NEWEST}
    ) newest
""")


@dataclass(frozen=True, slots=True)
class Reviews:
    """The newest expenses, and those of them that wait for their user to say what they are."""

    expenses: int
    asking: int

    @property
    def ratio(self) -> float:
        """0 to 1; 0 where there is none."""
        return self.asking / self.expenses if self.expenses else 0.0


async def quarantined(session: AsyncSession) -> int:
    """Return how many transactions wait in quarantine."""
    return int((await session.execute(QUARANTINED)).scalar_one())


async def reviews(session: AsyncSession) -> Reviews:
    """Return how many of the newest expenses ask their user."""
    return Reviews(**(await session.execute(REVIEWS)).mappings().one())
