"""Calls that are counted by the real statements, while time passes as fast as a test likes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from common.budget import levels
from common.budget.buckets import buckets_of
from common.database import Database
from common.limits import Limit, Limits, Scope
from common.plaid import OverBudget, Priority, Spender

SYNC = "/transactions/sync"
PASS = text("""
    UPDATE rate_buckets
    SET empty_at = empty_at - CAST(:by AS interval), slowed_at = slowed_at - CAST(:by AS interval)
""")
MANY = 1_000
"""Calls that no test makes while there is any limit."""
SOON = timedelta(seconds=5)


def limits(*rows: tuple[Scope, int, float]) -> Limits:
    """Return limits of /transactions/sync."""
    return {SYNC: tuple(Limit(*row) for row in rows)}


@dataclass
class Calls:
    """Books calls; knows when each was made. Time passes by moving every bucket into the past."""

    limits: Limits
    workers: list[Database]
    made: list[tuple[datetime, int | None, bool]] = field(default_factory=list)
    passed: timedelta = timedelta(0)

    async def book(
        self,
        item: int | None = None,
        priority: Priority = Priority.INTERACTIVE,
        patience: timedelta = timedelta(0),
        *,
        from_start: bool = False,
        worker: int = 0,
    ) -> timedelta:
        """Return how long the call waits, or raise OverBudget."""
        buckets = buckets_of(self.limits, SYNC, Spender(item), from_start=from_start)
        async with self.workers[worker].transaction() as session:
            turn = await levels.fill(session, buckets, priority)
            if turn.wait > patience:
                raise OverBudget(SYNC, turn.wait)
        self.made.append((turn.at + self.passed, item, from_start))
        return turn.wait

    async def refused(self, item: int | None = None, priority: Priority = Priority.INTERACTIVE) -> timedelta:
        """Return how long a call would have to wait that has no patience: zero if it was made."""
        try:
            return await self.book(item, priority)
        except OverBudget as error:
            return error.wait

    async def exhaust(self, item: int | None = None, priority: Priority = Priority.INTERACTIVE) -> int:
        """Call until a call is refused; return how many were made."""
        for made in range(MANY):
            if await self.refused(item, priority):
                return made
        return MANY

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass."""
        async with self.workers[0].transaction() as session:
            await session.execute(PASS, {"by": by})
        self.passed += by

    async def saturate(self, during: timedelta, item: int, priority: Priority = Priority.INTERACTIVE) -> int:
        """Call for one item as often as may be; return how many calls were made."""
        end, before = self.passed + during, len(self.made)
        while self.passed < end and len(self.made) < before + MANY:
            await self.pass_time(await self.refused(item, priority))
        return len(self.made) - before

    def broken(self) -> list[tuple[Limit, int]]:
        """Return every limit of which a window saw too many calls, and how many."""
        return [
            (limit, most)
            for limit in self.limits[SYNC]
            for calls in self._owners(limit.scope)
            if (most := fullest(calls, limit.seconds)) > limit.calls
        ]

    def _owners(self, scope: Scope) -> Iterable[list[datetime]]:
        if scope is not Scope.ITEM:
            return [[at for at, _, from_start in self.made if from_start or scope is Scope.CLIENT]]
        items = {item for _, item, _ in self.made if item is not None}
        return [[at for at, one, _ in self.made if one == item] for item in items]


def fullest(moments: list[datetime], seconds: float) -> int:
    """Return the most calls that any window of so many seconds saw, both its ends included."""
    ordered, first, most = sorted(moments), 0, 0
    for number, moment in enumerate(ordered):
        while moment - ordered[first] > timedelta(seconds=seconds):
            first += 1
        most = max(most, number - first + 1)
    return most
