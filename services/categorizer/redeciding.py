"""Decides anew what another version of the pipeline decided, by the ordinary path, batch by batch."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy.exc import SQLAlchemyError

from categorizer.domain.expense import ExpenseDraft
from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import Done, settle
from categorizer.store import decided
from categorizer.store.decided import Older
from common.database import Database, unavailable
from common.events import TransactionsChanged

NO_EXPENSE, QUESTION = "no expense", "a question"
TRIES = 5
"""Of one batch, where a lock is not had or the database is away for a moment."""


@dataclass(slots=True)
class Differences:
    """What deciding anew came to: how many transactions were looked at, and from what to what how many went."""

    looked_at: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def questions(self) -> tuple[int, int]:
        """How many questions appear, and how many vanish."""
        moves = self.moves.items()
        appear = sum(count for (_, after), count in moves if after == QUESTION)
        return appear, sum(count for (before, _), count in moves if before == QUESTION)


class _Rehearsed(Exception):
    """Ends a transaction that was only to be looked at, so that nothing of it stands."""


@dataclass(frozen=True, slots=True)
class Redeciding:
    """Goes through the transactions, of one user or of all; a rehearsal writes nothing. Safe beside running services.

    Broken off and begun again it goes on: what is decided anew has this pipeline's version.
    """

    database: Database
    pipeline: Pipeline
    user_id: int | None = None
    batch: int = 500
    rehearsal: bool = False

    async def run(self, differences: Differences) -> AsyncIterator[float]:
        """Count into `differences`; yield after every batch how much is done, 0 to 1."""
        async with self.database.transaction() as session:
            last = await decided.last(session)
        after = 0
        while rows := await self._next(after):
            for integration_id, group in groupby(
                sorted(rows, key=attrgetter("integration_id", "id")), key=attrgetter("integration_id")
            ):
                await self._patiently(integration_id, list(group), differences)
            after = rows[-1].id
            yield min(1.0, after / max(1, last))

    async def _next(self, after: int) -> list[Older]:
        async with self.database.transaction() as session:
            version = self.pipeline.version
            return await decided.older(session, version=version, after=after, most=self.batch, user_id=self.user_id)

    async def _patiently(self, integration_id: int, rows: Sequence[Older], differences: Differences) -> None:
        event = TransactionsChanged(
            integration_id=integration_id, transaction_ids=[row.id for row in rows], rung_at=datetime.now(UTC)
        )
        for left in reversed(range(TRIES)):
            try:
                done = await self._settle(event)
                break
            except (SQLAlchemyError, OSError) as error:
                if not left or not unavailable(error):
                    raise
                await asyncio.sleep(1)
        differences.looked_at += len(rows)
        if done is not None:
            differences.moves.update(moves(done, {row.id for row in rows}))

    async def _settle(self, event: TransactionsChanged) -> Done | None:
        done = None
        with suppress(_Rehearsed):
            async with self.database.transaction() as session:
                done = await settle(session, event, self.pipeline)
                self._end()
        return done

    def _end(self) -> None:
        if self.rehearsal:
            raise _Rehearsed


def moves(done: Done, ids: set[int]) -> Counter[tuple[str, str]]:
    """Return from what to what these transactions went, those left out that stay what they were."""
    postings = {posting.draft.transaction_id: posting for posting in done.settlement.postings}
    counted = Counter[tuple[str, str]]()
    for one in done.known:
        posting, expense = postings.get(one.transaction.id), one.expense
        if posting is None or one.transaction.id not in ids:
            continue
        before = _face(expense.draft if expense and not expense.withdrawn else None)
        after = _face(None if posting.withdrawn else posting.draft)
        if before != after:
            counted[before, after] += 1
    return counted


def _face(draft: ExpenseDraft | None) -> str:
    if draft is None:
        return NO_EXPENSE
    return QUESTION if draft.decision.needs_review else draft.decision.category
