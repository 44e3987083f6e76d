"""A connection with one channel that is kept open: when either breaks, both are opened anew, with back-off.

There is one way to recover from anything, a restart of the broker, a killed connection, a closed channel, a cancelled
consumer or a deleted queue: start over, declaring everything.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.connection import Connection, make_url
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from common.broker import BrokerUnavailable

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds for a connection to open or close."""
HEARTBEAT = 10
"""Seconds; a peer that vanished is noticed after about three."""
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 5.0

T = TypeVar("T")


@contextmanager
def translating() -> Iterator[None]:
    """Raise BrokerUnavailable for whatever aio-pika raises when its connection breaks.

    That includes a CancelledError which nobody asked for; a cancellation of the calling task passes through.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise BrokerUnavailable("connection lost") from error
    except Exception as error:
        if isinstance(error, CONNECTION_EXCEPTIONS) or type(error) is Exception:  # a closed channel's bare one
            raise BrokerUnavailable(type(error).__name__) from error
        raise


@asynccontextmanager
async def connection_to(url: str, name: str) -> AsyncIterator[AbstractConnection]:
    """Yield an open connection that operators see under this name."""
    connection = Connection(make_url(url, heartbeat=HEARTBEAT), client_properties={"connection_name": name})
    try:
        await connection.connect(timeout=PATIENCE)
        yield connection
    finally:
        async with asyncio.timeout(PATIENCE):
            await connection.close()  # also one that never opened, or its __del__ would do it out of any loop


class Link(Generic[T]):
    """Keeps `current` at what `prepare` made of an open channel, None while there is no such channel."""

    def __init__(
        self, url: str, name: str, prepare: Callable[[AbstractConnection, AbstractChannel], Awaitable[T]]
    ) -> None:
        self._url = url
        self._name = name
        self._prepare = prepare
        self._ready = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self.current: T | None = None

    def start(self) -> None:
        """Begin connecting in the background."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name=f"link {self._name}")

    async def ready(self) -> None:
        """Return when a channel is open and prepared."""
        await self._ready.wait()

    async def close(self) -> None:
        """Close the connection; the broker takes back what was not acknowledged."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        pause, clock = SHORTEST_PAUSE, asyncio.get_running_loop().time
        while True:
            began = clock()
            error = await self._in_own_task()
            lived = error is None and clock() - began > LONGEST_PAUSE
            pause = SHORTEST_PAUSE if lived else min(2 * pause, LONGEST_PAUSE)
            wait = pause * random.uniform(0.5, 1)  # noqa: S311 - spreads reconnects, guards nothing
            if error is None:
                log.warning("broker.lost", link=self._name, again_in=round(wait, 1))
            else:
                log.warning("broker.unreachable", link=self._name, reason=error, again_in=round(wait, 1))
            await asyncio.sleep(wait)

    async def _in_own_task(self) -> str | None:
        """Hold one connection to its end; return why none came about. Its task keeps stray cancellations from ours."""
        task = asyncio.create_task(self._hold())
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        if task.cancelled():
            return "cancelled by the library"
        error = task.exception()
        return f"{type(error).__name__}: {error}" if error else None

    async def _hold(self) -> None:
        lost = asyncio.Event()
        async with connection_to(self._url, self._name) as connection:
            channel = await connection.channel(on_return_raises=True)
            channel.close_callbacks.add(lambda *_: lost.set())
            underlay = await channel.get_underlay_channel()
            underlay.on_consumer_cancel_callbacks.add(lambda _frame: lost.set())
            try:
                self.current = await self._prepare(connection, channel)
                self._ready.set()
                log.info("broker.connected", link=self._name)
                await lost.wait()
            finally:
                self.current = None
                self._ready.clear()
