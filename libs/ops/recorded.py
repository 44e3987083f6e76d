"""Work in many transactions, on the trail: written down before it begins, its outcome when it ends."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from common.database import Database
from ops.store import trail
from ops.store.trail import Deed

T = TypeVar("T")


async def recorded(database: Database, deed: Deed, work: Awaitable[T], outcome: Callable[[T], str]) -> T:
    """Return what the work returns; what breaks off stays on the trail without an outcome."""
    async with database.transaction() as session:
        entry = await trail.record(session, deed, None)
    done = await work
    async with database.transaction() as session:
        await trail.end(session, entry, outcome(done))
    return done
