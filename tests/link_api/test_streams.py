import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from common.broker.memory import MemoryBroker
from common.database import Database
from common.events import ExpensesChanged
from link_api.callers import Caller
from link_api.streams import BEAT, Hub, Reader, stream

ONE = Caller(1, datetime.max.replace(tzinfo=UTC))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO users (id) VALUES (1)"))
    yield database
    await database.close()


async def store(database: Database) -> None:
    """Store an event without telling anybody, as when its hint is lost."""
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO user_events (user_id, type, body) VALUES (1, 'sync.progress', '{}')"))


async def test_a_lost_hint_costs_one_poll(database: Database) -> None:
    """What the broker did not tell is found by looking."""
    reader = Reader(database, 1)
    async with aclosing(stream(Hub(MemoryBroker(), poll=0.05), reader, ONE, await reader.begin(None))) as chunks:
        assert await anext(chunks) == BEAT
        await store(database)
        async with asyncio.timeout(5):
            assert b"event: sync.progress\ndata: {}\n\n" in await anext(chunks)


async def test_a_silent_stream_beats(database: Database) -> None:
    """A comment every so often keeps proxies and clients sure that the stream lives."""
    reader = Reader(database, 1)
    hub = Hub(MemoryBroker(), poll=0.2, beat=0.05)
    async with aclosing(stream(hub, reader, ONE, await reader.begin(None))) as chunks:
        async with asyncio.timeout(5):
            assert [await anext(chunks) for _ in range(3)] == [BEAT] * 3


async def test_a_stream_outlives_a_database_that_is_gone_for_a_while(database: Database, database_url: str) -> None:
    """A read that fails is tried again; nothing is skipped."""
    reader = Reader(database, 1)
    async with aclosing(stream(Hub(MemoryBroker(), poll=0.05), reader, ONE, await reader.begin(None))) as chunks:
        await anext(chunks)
        await store(database)
        async with database.transaction() as session:
            await session.execute(text("ALTER TABLE user_events RENAME TO elsewhere"))
        reading = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0.2)
        assert not reading.done()
        async with database.transaction() as session:
            await session.execute(text("ALTER TABLE elsewhere RENAME TO user_events"))
        async with asyncio.timeout(5):
            assert b"event: sync.progress" in await reading


async def test_a_token_that_is_over_ends_the_stream(database: Database) -> None:
    """After the greeting nothing is told to a caller whose token has expired."""
    reader = Reader(database, 1)
    expired = Caller(1, datetime.now(UTC) - timedelta(seconds=1))
    await store(database)
    chunks = [chunk async for chunk in stream(Hub(MemoryBroker()), reader, expired, await reader.begin(None))]
    assert chunks == [BEAT]


async def test_a_hub_wakes_only_the_users_it_is_told_of() -> None:
    """A hint rings the bells of its own user, all of them, and those that are gone are forgotten."""
    hub = Hub(MemoryBroker())
    with hub.listening(1) as one, hub.listening(1) as other, hub.listening(2) as foreign:
        await hub.wake(ExpensesChanged(user_id=1, expense_ids=[]))
        assert (one.is_set(), other.is_set(), foreign.is_set()) == (True, True, False)
    await hub.wake(ExpensesChanged(user_id=1, expense_ids=[]))
    hub.close()
    assert hub.closed


async def test_a_closed_hub_ends_streams_that_wait(database: Database) -> None:
    """Closing the hub ends a stream in the middle of its wait."""
    hub, reader = Hub(MemoryBroker(), poll=60, beat=60), Reader(database, 1)
    chunks = stream(hub, reader, ONE, await reader.begin(None))
    await anext(chunks)
    waiting = asyncio.ensure_future(anext(chunks, None))
    await asyncio.sleep(0.1)
    hub.close()
    async with asyncio.timeout(5):
        assert await waiting is None
