"""The budget that all processes of a deployment share."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import SQLAlchemyError

from common.budget import levels, tally
from common.budget.buckets import buckets_of
from common.database import Database
from common.limits import Limits
from common.plaid.errors import HTTP_TOO_MANY, PlaidError
from common.plaid.spending import OverBudget, Spender

log = structlog.get_logger(__name__)

PUT_OFF = Counter("plaid_calls_put_off_total", "Calls of Plaid not made, for want of budget", ["endpoint", "priority"])
WAITS = Histogram(
    "plaid_budget_wait_seconds",
    "How long calls of Plaid waited for their turn",
    ["endpoint", "priority"],
    buckets=(0.01, 0.1, 0.5, 1, 2, 5, 10),
)

NO_RATES = {"CREDITS_EXHAUSTED", "TRIAL_CONNECTION_LIMIT", "INSTITUTION_RATE_LIMIT"}
"""429s that going slower cannot mend: two limits of the plan, and one that an institution has for all of Plaid."""


class PostgresBudget:
    """Keeps every call within Plaid's limits: first come, first served, the urgent first when it is short."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    async def take(self, endpoint: str, spender: Spender, *, from_start: bool) -> None:
        """Return when the call may be made, or raise OverBudget at once and have nothing taken."""
        try:
            wait = await self._book(endpoint, spender, from_start=from_start)
        except OverBudget:
            PUT_OFF.labels(endpoint, spender.priority.name.lower()).inc()
            with _if_possible(endpoint):
                async with self._database.statement() as session:
                    await tally.count(session, endpoint, put_off=1)
            raise
        WAITS.labels(endpoint, spender.priority.name.lower()).observe(wait.total_seconds())
        await asyncio.sleep(wait.total_seconds())

    async def learn(self, endpoint: str, spender: Spender, error: PlaidError, *, from_start: bool) -> None:
        """Count the failure; after a 429 go slower with its item or the client. Never raises the database's."""
        limited = error.details.status == HTTP_TOO_MANY
        with _if_possible(endpoint):
            async with self._database.transaction() as session:
                if limited and error.code not in NO_RATES:
                    buckets = buckets_of(self._limits, endpoint, spender, from_start=from_start)
                    slowed = await levels.slow(session, buckets, error.details.retry_after)
                    log.warning("plaid.limited", endpoint=endpoint, error_code=error.code, slowed=slowed)
                await tally.count(session, endpoint, limited=int(limited), failed=int(not limited))

    async def _book(self, endpoint: str, spender: Spender, *, from_start: bool) -> timedelta:
        """Take from every bucket of the call and return how long it waits for its turn; all of them or none."""
        buckets = buckets_of(self._limits, endpoint, spender, from_start=from_start)
        if not buckets:
            async with self._database.statement() as session:  # everybody counts in one row: it is held for a moment
                await tally.count(session, endpoint, calls=1)
            return timedelta(0)
        async with self._database.transaction() as session:
            wait = (await levels.fill(session, buckets, spender.priority)).wait
            if wait > spender.patience:
                raise OverBudget(endpoint, wait)
            await tally.count(session, endpoint, calls=1)
        return wait


@contextmanager
def _if_possible(endpoint: str) -> Iterator[None]:
    """Go on without what is good to know and cannot be written."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("budget.not_noted", endpoint=endpoint, error=type(error).__name__)
