"""Waiting for somebody else to wait."""

import asyncio

from sqlalchemy import text

from common.database import Database


async def waits_for_a_lock(database: Database) -> None:
    """Return when a connection to this database waits for a lock."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with database.transaction() as session:
                if (await session.execute(waits)).scalar_one():
                    return
            await asyncio.sleep(0.01)
