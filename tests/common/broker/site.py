"""What the contract suite asks of a broker's surroundings: queues with short delays, a mailbox, a bounded wait."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from common.broker import Broker, Message, Poison, new_message
from common.broker.topology import BROWSERS, Queue

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""

SHORT = (timedelta(milliseconds=50), timedelta(milliseconds=100))
FIRST = Queue("tests.first", ("tests.happened", "tests.shared"), delays=SHORT)
SECOND = Queue("tests.second", ("tests.shared",), delays=SHORT)
LISTENERS = BROWSERS
QUEUES = (FIRST, SECOND)


class Site(Protocol):
    """One server, on which several processes each open a broker."""

    async def open(self) -> Broker:
        """Return one more process's broker, ready to publish."""

    def post(self, broker: Broker, message: Message) -> "asyncio.Task[None]":
        """Publish as the outbox does: on its own, so that nobody here waits for a handler."""


class Mailbox:
    """A handler that keeps what it got; `fail` may raise for a message."""

    def __init__(self, fail: Callable[[Message], Awaitable[None]] | None = None) -> None:
        self.seen: list[Message] = []
        self._fail = fail
        self._new: asyncio.Queue[Message] = asyncio.Queue()

    async def __call__(self, message: Message) -> None:
        self.seen.append(message)
        self._new.put_nowait(message)
        if self._fail:
            await self._fail(message)

    async def next(self) -> Message:
        """Return the next message; raise TimeoutError when none comes."""
        return await asyncio.wait_for(self._new.get(), PATIENCE)


def message(routing_key: str = "tests.happened", body: bytes = b"{}") -> Message:
    """Return a new message."""
    return new_message(
        type=routing_key,
        routing_key=routing_key,
        body=body,
        correlation_id="one-story",
        timestamp=datetime.now(UTC),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


async def fail(_message: Message) -> None:
    """A handler without luck."""
    raise RuntimeError("no luck")


async def poison(_message: Message) -> None:
    """A handler that finds every message unreadable."""
    raise Poison("unreadable")


async def hang(_message: Message) -> None:
    """A handler that never ends by itself."""
    await asyncio.Event().wait()


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; raise TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - what it waits for happens on a server
            await asyncio.sleep(0.02)
