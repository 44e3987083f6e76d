"""Forgets what is kept only for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from common.budget import levels, tally
from common.database import Database
from link_api.store import events, exchanges, idempotency, link_events, sessions, undoing

log = structlog.get_logger(__name__)

EVERY = 600.0
"""Seconds between two looks at what is old."""


async def forget(database: Database, every: float = EVERY) -> None:
    """Delete what is old, until cancelled: events, what Link sessions leave, answers, ways back, spent budgets."""
    while True:
        await _forget_all(database, events.prune, events.PRUNE_BATCH)
        await _forget_all(database, sessions.prune, sessions.PRUNE_BATCH)
        await _forget_all(database, exchanges.prune, exchanges.PRUNE_BATCH)
        await _forget_all(database, link_events.prune, link_events.PRUNE_BATCH)
        await _forget_all(database, idempotency.prune, idempotency.PRUNE_BATCH)
        await _forget_all(database, undoing.prune, undoing.PRUNE_BATCH)
        await _forget_all(database, levels.prune, levels.PRUNE_BATCH)
        await _forget_all(database, tally.prune, tally.PRUNE_BATCH)
        await asyncio.sleep(every)


async def _forget_all(database: Database, prune: Callable[[AsyncSession], Awaitable[int]], batch: int) -> None:
    try:
        pruned = batch
        while pruned == batch:
            async with database.transaction() as session:
                pruned = await prune(session)
    except (SQLAlchemyError, OSError) as error:
        log.warning("retention.failed", what=prune.__module__, error=type(error).__name__)
