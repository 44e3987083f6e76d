import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from common import connections, runtime
from common.broker.memory import MemoryBroker
from common.connections import CLOSED
from common.database import Database
from common.events import ExpensesChanged
from link_api.callers import Caller
from link_api.store import events
from link_api.streams import BEAT, MOST_OF_A_USER, Hub, Reader, stream
from tests.link_api.listener import listening
from tests.link_api.world import HOST, bearer, world

LONG = 5_000
MANY = "INSERT INTO user_events (user_id, type, body) SELECT 1, 'sync.progress', '{}' FROM generate_series(1, :number)"
ONE = Caller(1, datetime.max.replace(tzinfo=UTC))


class CountingReader(Reader):
    """A reader that counts how often it reads."""

    reads = 0

    async def read(self) -> bytes:
        self.reads += 1
        return await super().read()


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


async def test_one_more_stream_of_a_user_ends_the_oldest(database: Database) -> None:
    """A user's many windows, or those that were left, take no more than so many streams; the newest one lives."""
    hub, reader = Hub(MemoryBroker(), poll=60, beat=60), Reader(database, 1)
    with hub.listening(2) as foreign, hub.listening(1) as oldest:
        others = [hub.listening(1) for _ in range(MOST_OF_A_USER - 1)]
        bells = [other.__enter__() for other in others]
        assert [bell.over for bell in (oldest, *bells)] == [False] * MOST_OF_A_USER
        async with aclosing(stream(hub, reader, ONE, await reader.begin(None))) as newest:
            await anext(newest)
            assert oldest.over
            assert not any(bell.over for bell in (foreign, *bells))
        for other in others:
            other.__exit__(None, None, None)


async def test_nothing_is_read_for_who_does_not_read(database: Database) -> None:
    """A stream reads on only when its reader took what there was: one batch is all that waits for it."""
    async with database.transaction() as session:
        await session.execute(text(MANY), {"number": 10 * events.BATCH})
    counted = CountingReader(database, 1)
    chunks = stream(Hub(MemoryBroker()), counted, ONE, await counted.begin("1"))
    await anext(chunks)
    first = await anext(chunks)
    assert first.count(b"event: sync.progress") == events.BATCH
    await asyncio.sleep(0.1)
    assert counted.reads == 1
    await chunks.aclose()


async def test_who_never_reads_is_cut(database_url: str, sandbox: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a socket: who takes nothing gets what buffers hold and is cut; resumed, nothing is missing."""
    monkeypatch.setattr(runtime, "bounded", lambda most: connections.bounded(most, 0.3))
    async with world(database_url, sandbox) as live:
        await live.get("/api/feedback")
        await live.change(MANY.replace("'{}'", "json_build_object('said', repeat('x', 4000))"), number=LONG)
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((HOST, live.api.base_url.port))
            asked = bearer() | {"Host": "link-api", "Last-Event-ID": "1"}
            head = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
            cut = CLOSED.labels("unread")._value.get()
            deaf.sendall(f"GET /api/events HTTP/1.1\r\n{head}\r\n".encode())
            async with asyncio.timeout(30):
                while CLOSED.labels("unread")._value.get() == cut:  # noqa: ASYNC110 - a metric
                    await asyncio.sleep(0.02)
            got = await asyncio.to_thread(everything, deaf)
        last = int(re.findall(rb"\r\nid: (\d+)\nevent: [^\r]*?}\n\n", got)[-1])
        assert 1 < last < LONG
        async with listening(live, last_event_id=str(last)) as listener:
            assert (await listener.next()).id == str(last + 1)


def everything(connection: socket.socket) -> bytes:
    """Return what still comes, until the connection is over."""
    got = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            got += piece
    return got
