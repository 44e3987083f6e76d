import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from common.broker.memory import MemoryBroker
from common.broker.topology import SYNC
from common.consumer import dispatch
from common.database import Unreachable
from common.events import RemovalRequested, to_message
from common.outage import Outage, outlasting

EVENTS = [RemovalRequested(integration_id=number) for number in range(1, 6)]


class Server:
    """A database that answers, or not, and counts how often it was asked."""

    def __init__(self, *, away: bool) -> None:
        self.away = away
        self.pings = 0
        self.handled: list[int] = []

    async def ping(self) -> None:
        self.pings += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unreachable

    async def handle(self, event: RemovalRequested) -> None:
        """What a handler does that needs it."""
        if self.away:
            raise Unreachable
        self.handled.append(event.integration_id)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(0.001)


Handle = Callable[[RemovalRequested], Coroutine[Any, Any, None]]


def patient(server: Server, handle: Handle) -> Handle:
    handlers = outlasting({RemovalRequested: handle}, Outage(server.ping, pause=0.01))

    async def handle_patiently(event: RemovalRequested) -> None:
        await handlers[RemovalRequested](event)

    return handle_patiently


async def test_messages_are_held_while_the_database_is_away() -> None:
    """However long an outage lasts, every message is handled at its first counted try, and nothing is buried."""
    server = Server(away=True)
    broker = MemoryBroker()
    handlers = outlasting({RemovalRequested: server.handle}, Outage(server.ping, pause=0.01))
    consumer = await broker.consume(SYNC, dispatch(handlers), prefetch=5)
    with capture_logs() as lines:
        published = [
            asyncio.create_task(broker.publish(to_message(event, "an-id", datetime.now(UTC)))) for event in EVENTS
        ]
        await until(lambda: server.pings >= 20)
        assert not any(task.done() for task in published)
        server.away = False
        await asyncio.gather(*published)
    assert sorted(server.handled) == [1, 2, 3, 4, 5]
    assert [line["event"] for line in lines] == ["database.away", "database.back"]
    assert await broker.dead(SYNC) == []
    await consumer.stop(1)
    await broker.close()


async def test_one_message_looks_for_all() -> None:
    """A hundred held messages ask the server no oftener than one does."""
    server, failed = Server(away=True), list[int]()

    async def handle(event: RemovalRequested) -> None:
        if server.away:
            failed.append(event.integration_id)
            raise Unreachable

    hold = patient(server, handle)
    held = [asyncio.create_task(hold(EVENTS[0])) for _ in range(100)]
    await until(lambda: len(failed) == 100 and server.pings >= 5)
    before = server.pings
    await asyncio.sleep(0.1)
    assert server.pings - before <= 11
    server.away = False
    await asyncio.gather(*held)


async def test_a_connection_lost_to_a_short_outage_is_no_fault_of_the_handler() -> None:
    """A server that is back before anybody looked costs no try either."""
    server, tries = Server(away=False), list[int]()

    async def handle(event: RemovalRequested) -> None:
        tries.append(event.integration_id)
        if len(tries) == 1:
            raise ConnectionResetError

    await patient(server, handle)(EVENTS[0])
    assert len(tries) == 2


async def test_what_takes_the_server_down_does_not_do_so_for_ever() -> None:
    """A handler that fails although the server answers is its own fault at the second time."""
    server, tries = Server(away=False), list[int]()

    async def handle(event: RemovalRequested) -> None:
        tries.append(event.integration_id)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await patient(server, handle)(EVENTS[0])
    assert len(tries) == 2


async def test_other_faults_are_not_held() -> None:
    """What the database has no part in reaches the broker at once."""
    server = Server(away=True)

    async def handle(_event: RemovalRequested) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await patient(server, handle)(EVENTS[0])
    assert server.pings == 0


async def test_stopping_gives_a_held_message_back() -> None:
    """A consumer that stops during an outage gives what it holds back to the queue; the next one handles it."""
    server = Server(away=True)
    broker = MemoryBroker()
    handlers = outlasting({RemovalRequested: server.handle}, Outage(server.ping, pause=0.01))
    consumer = await broker.consume(SYNC, dispatch(handlers), prefetch=5)
    published = asyncio.create_task(broker.publish(to_message(EVENTS[0], "an-id", datetime.now(UTC))))
    await until(lambda: server.pings > 2)
    await consumer.stop(0.05)
    assert not published.done()
    server.away = False
    consumer = await broker.consume(SYNC, dispatch(handlers), prefetch=5)
    await published
    assert server.handled == [1]
    await consumer.stop(1)
    await broker.close()
