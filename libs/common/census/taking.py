"""A census: every count in one short transaction that reads and nothing else, so that it shows one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from common.budget import tally
from common.budget.tally import Share
from common.census import items, transactions, work
from common.census.items import Institution
from common.census.transactions import Reviews
from common.database import Database
from common.limits import Limits

SHORT = "10s"
"""For one statement: a census that takes longer is given up, and the next may do better."""
READING = (text("SET TRANSACTION READ ONLY"), text(f"SET LOCAL statement_timeout = '{SHORT}'"))


@dataclass(frozen=True, slots=True)
class Census:
    """How everything stood at one moment, by the database's clock; docs/operations.md says what each count means."""

    at: datetime
    items: Mapping[str, int]
    """By state."""
    freshness: Mapping[float, float]
    """Seconds since items were last synced, by quantile; empty without items."""
    institutions: Sequence[Institution]
    """Those where the largest share of items fails first."""
    limits_used: Sequence[Share]
    """What was asked of Plaid's endpoints beside what may be."""
    quarantined: int
    reviews: Reviews
    oldest_work: Mapping[str, float]
    """Seconds, by queue; 0 where nothing waits."""


async def take(database: Database, limits: Limits, max_silence: timedelta) -> Census:
    """Return the census; raises SQLAlchemy's errors and OSError when the database cannot serve."""
    async with database.transaction() as session:
        for statement in READING:
            await session.execute(statement)
        states, institutions = await items.standing(session)
        return Census(
            at=(await session.execute(text("SELECT now()"))).scalar_one(),
            items=states,
            freshness=await items.freshness(session),
            institutions=institutions,
            limits_used=await tally.shares(session, limits),
            quarantined=await transactions.quarantined(session),
            reviews=await transactions.reviews(session),
            oldest_work=await work.oldest(session, max_silence),
        )
