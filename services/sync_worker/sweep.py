"""Rings for every item that is due: silence, back-off that ran out, a doorbell that a crash swallowed, an audit.

Never a storm: a round takes a bounded number, the messages wait in a queue of their own, few slots work on it, and
Plaid's budget has the last word.
"""

import asyncio
from datetime import UTC, datetime

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from common import outbox
from common.database import Database
from common.events import AuditRequested, RemovalRequested, SyncRequested
from sync_worker.domain.life import State
from sync_worker.store import audits, integrations, orphans, quarantine

log = structlog.get_logger(__name__)

ORPHAN_ITEMS = Gauge("orphan_items", "Items that rang within a day and that no integration has: Plaid bills them still")

EVERY = 5.0
MOST = 500
"""Items of a round: as many as the budget could see to until the next."""


class Sweep:
    """Runs in every worker; a claim makes sure that each due item is rung for once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, every: float = EVERY) -> None:
        """Sweep every so many seconds until cancelled."""
        while True:
            try:
                await self.once()
            except (SQLAlchemyError, OSError) as error:
                log.warning("sweep.failed", error=type(error).__name__)
            await asyncio.sleep(every)

    async def once(self) -> int:
        """Ring for what is due; return for how many."""
        now = datetime.now(UTC)
        async with self._database.transaction() as session:
            await quarantine.wake(session)
            ORPHAN_ITEMS.set(await orphans.clear(session))
        async with self._database.transaction() as session:
            wanted = await audits.claim_due(session)
            await outbox.emit(session, *(AuditRequested(audit_id=audit_id) for audit_id in wanted))
        async with self._database.transaction() as session:
            due = await integrations.claim_due(session, MOST)
            await outbox.emit(session, *(_request(*one, at=now) for one in due))
        return len(due)


def _request(integration_id: int, status: str, *, at: datetime) -> RemovalRequested | SyncRequested:
    if status == State.REMOVING:
        return RemovalRequested(integration_id=integration_id)
    return SyncRequested(integration_id=integration_id, trigger="sweep", requested_at=at)
