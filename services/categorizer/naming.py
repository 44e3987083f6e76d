"""Reads the merchants of expenses that were posted before merchants were kept, or whose keys a release has emptied."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from categorizer.domain.merchant import Merchant
from categorizer.domain.text.judge import Judge
from categorizer.store import names
from common.database import Database

log = structlog.get_logger(__name__)

EVERY = 60.0
"""Seconds between two looks; one of an empty index costs nothing."""
BATCH = 1000


class Naming:
    """Runs in every categorizer; each names others."""

    def __init__(self, database: Database, judge: Judge) -> None:
        self._database = database
        self._judge = judge

    async def run(self) -> None:
        """Name whatever has no merchant, until cancelled."""
        while True:
            try:
                while await self.once() == BATCH:
                    pass
            except (SQLAlchemyError, OSError) as error:
                log.warning("naming.failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(EVERY)

    async def once(self) -> int:
        """Name up to a batch, in one transaction; return how many."""
        async with self._database.transaction() as session:
            unnamed = await names.lock(session, BATCH)
            if unnamed:
                await names.write(
                    session, {one.id: Merchant(one.entity_id, self._judge.read(one.line).key) for one in unnamed}
                )
        return len(unnamed)
