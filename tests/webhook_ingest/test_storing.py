import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from common.broker import Message
from common.database import Database
from common.events import RemovalRequested, to_message
from tests.webhook_ingest.proxy import DatabaseProxy
from webhook_ingest.storing import WRITERS, Storing

TRANSACTIONS = text("SELECT xmin::text FROM outbox")
KEPT = text("SELECT correlation_id FROM outbox")


def message(of: str = "one") -> Message:
    return to_message(RemovalRequested(integration_id=1), of, datetime(2026, 11, 22, tzinfo=UTC))


async def kept(database: Database) -> set[str]:
    async with database.transaction() as session:
        return set((await session.execute(KEPT)).scalars())


async def test_together(database: Database) -> None:
    """A hundred that come at once are stored in a few transactions, each with its own correlation id."""
    storing, names = Storing(database, 30), {str(uuid4()) for _ in range(100)}
    await database.ping()
    await asyncio.gather(*(storing.store(message(name)) for name in names))
    assert await kept(database) == names
    async with database.transaction() as session:
        assert len(set((await session.execute(TRANSACTIONS)).scalars())) <= WRITERS


async def test_one_at_a_time(database: Database) -> None:
    """What comes alone does not wait for company."""
    storing = Storing(database, 30)
    for number in range(3):
        await storing.store(message(str(number)))
    assert await kept(database) == {"0", "1", "2"}


async def test_refused(no_database: Database) -> None:
    """Each of those that wait together hears that it was not stored."""
    storing = Storing(no_database, 30)
    answers = await asyncio.gather(*(storing.store(message()) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, OSError) for answer in answers)


@pytest.mark.parametrize("patience", [0.2])
async def test_given_up(database: Database, proxy: DatabaseProxy, patience: float) -> None:
    """Of those that were given up behind writers that hang nothing is kept in memory; afterwards all goes on."""
    frozen = Database(proxy.url)
    storing = Storing(frozen, patience)
    await frozen.ping()
    proxy.freeze()
    waiting = [asyncio.ensure_future(storing.store(message())) for _ in range(50)]
    await asyncio.sleep(0)
    late = [asyncio.ensure_future(storing.store(message("late"))) for _ in range(50)]
    await asyncio.sleep(0)
    for one in late:
        one.cancel()
    await asyncio.wait([*waiting, *late])
    assert storing._gathered == {}
    assert all(one.exception() for one in waiting)

    proxy.thaw()
    await asyncio.wait_for(Storing(frozen, 30).store(message("after")), 30)

    assert "late" not in await kept(database)
    assert "after" in await kept(database)
    await frozen.close()
