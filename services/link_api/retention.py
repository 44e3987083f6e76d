"""Forgets what is kept only for a while."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database
from link_api.store import events

log = structlog.get_logger(__name__)

EVERY = 600.0
"""Seconds between two looks at what is old."""


async def forget_old_events(database: Database, every: float = EVERY) -> None:
    """Delete user events older than 24 hours, until cancelled."""
    while True:
        try:
            while await _prune(database) == events.PRUNE_BATCH:
                pass
        except (SQLAlchemyError, OSError) as error:
            log.warning("retention.failed", error=type(error).__name__)
        await asyncio.sleep(every)


async def _prune(database: Database) -> int:
    async with database.transaction() as session:
        return await events.prune(session)
