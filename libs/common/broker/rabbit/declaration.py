"""The topology as RabbitMQ sees it: names and arguments.

The arguments of a queue cannot change once it exists: one that an earlier release declared differently stays in use as
it is, and operators are told.

bank.events ──routing key──► <queue> ──handler failed──► <queue>.wait.<seconds> ──TTL──► <queue>
                                └────gave up, or the delivery limit──► <queue>.dead
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from functools import partial
from uuid import uuid4

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import ChannelClosed, ChannelPreconditionFailed
from pamqp.common import FieldTable
from prometheus_client import Gauge

from common.broker.topology import EXCHANGE, Queue

log = structlog.get_logger(__name__)

TROUBLED = Gauge("broker_queue_troubled", "1 for a queue that is missing or not as we declare it, else 0", ["queue"])

DELIVERY_LIMIT = 1_000
"""The last guard against a message that kills its consumer; every message in a killed consumer's hands counts."""
NO_LIMIT = 1_000_000_000
"""Reading the dead must not wear them out: RabbitMQ 4 drops after 20 deliveries unless told otherwise."""
MOST_HINTS = 10_000

PATIENCE = 5.0
"""Seconds for one declaration: a quorum queue without a majority may never answer."""

DIFFERS = (
    "It stays in use as it is. To bring it up to date: let it run empty, delete it while every node is up, and restart "
    "one of our processes."
)
MISSING = "It is declared again when it is needed. Bring the RabbitMQ nodes back that host it: a majority must run."

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Names:
    """Names on the server; a prefix lets several topologies live side by side."""

    prefix: str = ""

    @property
    def exchange(self) -> str:
        return f"{self.prefix}{EXCHANGE}"

    def work(self, queue: Queue) -> str:
        return f"{self.prefix}{queue.name}"

    def room(self, queue: Queue, delay: timedelta) -> str:
        return f"{self.work(queue)}.wait.{delay.total_seconds():g}"

    def dead(self, queue: Queue) -> str:
        return f"{self.work(queue)}.dead"

    def own(self, queue: Queue) -> str:
        """A hint queue's name: unique, because the one of a lost connection may still be there for a while."""
        return f"{self.work(queue)}.{uuid4().hex}"


def _dead_lettering_to(name: str) -> FieldTable:
    """At least once, which demands `reject-publish`: nothing is dropped on the way from queue to queue."""
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def arguments(names: Names, queue: Queue) -> dict[str, FieldTable]:
    """Return the arguments of the work queue, its waiting rooms and its dead letters, by name."""
    quorum: FieldTable = {"x-queue-type": "quorum"}
    back = _dead_lettering_to(names.work(queue))
    return {
        names.dead(queue): quorum | {"x-delivery-limit": NO_LIMIT},
        **{names.room(queue, delay): quorum | back | {"x-message-ttl": delay // MILLISECOND} for delay in queue.delays},
        names.work(queue): quorum | {"x-delivery-limit": DELIVERY_LIMIT} | _dead_lettering_to(names.dead(queue)),
    }


async def declare(connection: AbstractConnection, names: Names, queues: Iterable[Queue]) -> bool:
    """Declare exchange and queues; return whether every queue is there, if need be with arguments of its own.

    Each has a channel of its own, so that one which is refused or does not answer holds up no other.
    """
    async with connection.channel(publisher_confirms=False) as channel:
        await channel.declare_exchange(names.exchange, ExchangeType.TOPIC, durable=True, timeout=PATIENCE)
    return all(await asyncio.gather(*(_declare_all_of(connection, names, queue) for queue in queues)))


class _State(IntEnum):
    RIGHT = 0
    DIFFERS = 1
    MISSING = 2


async def _declare_all_of(connection: AbstractConnection, names: Names, queue: Queue) -> bool:
    wanted, work = arguments(names, queue), names.work(queue)
    steps = [_take(connection, name, partial(_declare_queue, name, its)) for name, its in wanted.items()]
    states = dict(zip(wanted, await asyncio.gather(*steps), strict=True))
    states[work] = max(states[work], await _take(connection, work, partial(_bind, names, queue)))
    for name, state in states.items():
        TROUBLED.labels(name).set(state is not _State.RIGHT)
    return _State.MISSING not in states.values()


async def _declare_queue(name: str, its_arguments: FieldTable, channel: AbstractChannel) -> None:
    await channel.declare_queue(name, durable=True, arguments=its_arguments, timeout=PATIENCE)


async def _bind(names: Names, queue: Queue, channel: AbstractChannel) -> None:
    work = await channel.get_queue(names.work(queue), ensure=False)
    for routing_key in queue.routing_keys:
        await work.bind(names.exchange, routing_key, timeout=PATIENCE)


async def _take(
    connection: AbstractConnection, name: str, step: Callable[[AbstractChannel], Awaitable[None]]
) -> _State:
    """Take a step towards the queue on a channel of its own; return how the queue is."""
    try:
        async with connection.channel(publisher_confirms=False) as channel:
            await step(channel)
    except ChannelPreconditionFailed as error:
        log.error("broker.queue_differs", queue=name, reason=_reason(error), remedy=DIFFERS)  # noqa: TRY400 - a state, no fault
        return _State.DIFFERS
    except (ChannelClosed, TimeoutError) as error:
        log.error("broker.queue_missing", queue=name, reason=_reason(error), remedy=MISSING)  # noqa: TRY400 - as above
        return _State.MISSING
    return _State.RIGHT


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


async def declare_own(channel: AbstractChannel, names: Names, queue: Queue) -> AbstractQueue:
    """Declare a hint queue of this connection alone; it dies with it."""
    own = await channel.declare_queue(
        names.own(queue),
        exclusive=True,
        auto_delete=True,
        arguments={"x-queue-type": "classic", "x-max-length": MOST_HINTS},
    )
    for routing_key in queue.routing_keys:
        await own.bind(names.exchange, routing_key)
    return own
