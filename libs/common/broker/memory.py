"""The in-process broker: for the embedded run and fast tests.

It stores nothing: `publish` returns only when every handler is done, so a message lives in its outbox row until then,
and a crash loses nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from common.broker import BrokerUnavailable, DeadLetter, Handler, Message, Undelivered, Unroutable
from common.broker.failure import attempt, judge, record_burial, record_retry
from common.broker.in_hand import InHand
from common.broker.topology import HINTS, QUEUES, Queue

MOST_DEAD = 1_000
MOST_HINTS = 10_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try of a message; `outcome` becomes what its handler raised, None when it returned."""

    message: Message
    outcome: asyncio.Future[BaseException | None]


Line = asyncio.Queue[Delivery]
"""Where deliveries wait for a consumer."""


class MemoryConsumer:
    """Hands the deliveries of one line to a handler."""

    def __init__(self, line: Line, handler: Handler, *, prefetch: int, on_stop: Callable[[], object]) -> None:
        self._line = line
        self._handler = handler
        self._on_stop = on_stop
        self._in_hand = InHand(prefetch)
        self._taking = asyncio.create_task(self._take())

    async def _take(self) -> None:
        while True:
            await self._in_hand.slot()
            self._in_hand.start(self._handle(await self._line.get()))

    async def _handle(self, delivery: Delivery) -> None:
        try:
            error = await attempt(self._handler, delivery.message)
        except asyncio.CancelledError:
            self._line.put_nowait(delivery)  # for the next consumer
            raise
        if not delivery.outcome.done():
            delivery.outcome.set_result(error)

    async def stop(self, grace: float) -> None:
        """Take no more; wait for those in hand; give back what is not done after `grace` seconds."""
        self._on_stop()
        self._taking.cancel()
        await self._in_hand.settle(grace)


class MemoryBroker:
    """Delivers within this process. A message that nobody consumes yet waits, and its publisher with it."""

    def __init__(
        self, queues: Sequence[Queue] = QUEUES, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._sleep = sleep
        self._lines: dict[Queue, Line] = {queue: Line() for queue in queues}
        self._hint_lines: dict[Line, Queue] = {}
        self._dead: dict[Queue, deque[DeadLetter]] = {queue: deque(maxlen=MOST_DEAD) for queue in queues}
        self._in_flight: dict[UUID, asyncio.Task[None]] = {}
        self._closed = False

    @property
    def available(self) -> bool:
        """Whether it is open."""
        return not self._closed

    async def publish(self, message: Message) -> None:
        """Return when every handler is done. Publishing what is in flight already awaits the same outcome.

        Raises Undelivered when a queue buried it, Unroutable when no queue takes it, BrokerUnavailable when the broker
        closes before the end.
        """
        if self._closed:
            raise BrokerUnavailable("closed")
        queues = [queue for queue in self._lines if message.routing_key in queue.routing_keys]
        if message.routing_key in HINTS:
            self._hint(message)
        elif not queues:
            raise Unroutable(message.routing_key)
        if queues:
            delivered = self._in_flight.get(message.id) or self._begin(message, queues)
            await asyncio.wait([delivered])
            if delivered.cancelled():
                raise BrokerUnavailable("closed")
            delivered.result()

    def _hint(self, message: Message) -> None:
        for line, queue in self._hint_lines.items():
            if message.routing_key in queue.routing_keys:
                with suppress(asyncio.QueueFull):
                    line.put_nowait(Delivery(message, asyncio.get_running_loop().create_future()))

    def _begin(self, message: Message, queues: Sequence[Queue]) -> asyncio.Task[None]:
        def finish(task: asyncio.Task[None]) -> None:
            del self._in_flight[message.id]
            if not task.cancelled():
                task.exception()  # its publisher may have been cancelled

        task = asyncio.create_task(self._deliver(message, queues), name=f"deliver {message.type}")
        self._in_flight[message.id] = task
        task.add_done_callback(finish)
        return task

    async def _deliver(self, message: Message, queues: Sequence[Queue]) -> None:
        letters = await asyncio.gather(*(self._see_through(queue, message) for queue in queues))
        if buried := [f"{letter.queue}: {letter.reason}: {letter.exception}" for letter in letters if letter]:
            raise Undelivered("; ".join(buried))

    async def _see_through(self, queue: Queue, message: Message) -> DeadLetter | None:
        """Try until a handler returns or the message has to be buried."""
        first_at: datetime | None = None
        while (error := await self._try(queue, message)) is not None:
            now = datetime.now(UTC)
            first_at = first_at or now
            failure = judge(queue, message.attempt, error)
            if failure.delay is None:
                record_burial(queue, message, failure)
                letter = DeadLetter(message, failure.reason, failure.exception, queue.name, first_at, now)
                self._dead[queue].append(letter)
                return letter
            record_retry(queue, error)
            await self._sleep(failure.delay.total_seconds())
            message = replace(message, attempt=message.attempt + 1)
        return None

    async def _try(self, queue: Queue, message: Message) -> BaseException | None:
        outcome: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self._lines[queue].put_nowait(Delivery(message, outcome))
        return await outcome

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> MemoryConsumer:
        """Start handing the queue's messages to the handler, at most `prefetch` at a time."""
        if queue.hint:
            line = Line(MOST_HINTS)
            self._hint_lines[line] = queue
        elif queue in self._lines:
            line = self._lines[queue]
        else:
            raise ValueError(f"{queue.name} is not declared here")
        return MemoryConsumer(line, handler, prefetch=prefetch, on_stop=lambda: self._hint_lines.pop(line, None))

    async def dead(self, queue: Queue) -> list[DeadLetter]:
        """Return what was buried since start (at most the last 1,000), oldest first."""
        return list(self._dead[queue])

    async def depths(self) -> dict[str, int]:
        """Return how many deliveries wait for a consumer, and how many were buried since start."""
        waiting = {queue.name: line.qsize() for queue, line in self._lines.items()}
        return waiting | {f"{queue.name}.dead": len(dead) for queue, dead in self._dead.items()}

    async def close(self) -> None:
        """End every publish under way: it raises BrokerUnavailable, so its outbox row stays."""
        self._closed = True
        under_way = list(self._in_flight.values())
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)
