"""Rings again for transactions that a lost or buried message left undecided."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from categorizer.redecisions import redecisions
from categorizer.store import transactions
from common import outbox
from common.database import Database
from common.logging import correlated
from common.logging import correlation_id as new_correlation_id

log = structlog.get_logger(__name__)

SWEPT = Counter("transactions_swept_total", "Transactions whose message had to be sent again")

EVERY = 5.0
AGE = timedelta(seconds=10)
"""Older than this, a transaction's message should have been handled."""
PATIENCE = 60.0
"""Seconds before the same transaction is rung for again: its message may just be waiting in the queue."""
MOST = 5_000


class Sweep:
    """Runs in every categorizer; ringing twice is harmless."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._rung: dict[int, float] = {}

    async def run(self) -> None:
        """Sweep every 5 s until cancelled."""
        while True:
            try:
                with correlated(new_correlation_id()):
                    await self.once()
            except (SQLAlchemyError, OSError) as error:
                log.warning("sweep.failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(EVERY)

    async def once(self) -> int:
        """Ring for what waits too long; return for how many transactions."""
        now = self._clock()
        self._rung = {id_: at for id_, at in self._rung.items() if now - at < PATIENCE}
        async with self._database.transaction() as session:
            rows = await transactions.undecided(session, AGE, but=self._rung, most=MOST)
            await outbox.emit(session, *redecisions(rows))
        self._rung.update((row.id, now) for row in rows)
        SWEPT.inc(len(rows))
        return len(rows)
