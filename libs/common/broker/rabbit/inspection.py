"""What stands on the server beside what we declare, looked at without changing it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aio_pika import Message
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from pamqp.common import FieldTable

from common.broker.rabbit.declaration import PATIENCE, Names, arguments
from common.broker.topology import Queue

NOBODY = "nobody"
"""A routing key of the default exchange that no queue has: what is sent there is confirmed, and gone."""


class Shape(StrEnum):
    """How a queue stands to what we declare."""

    RIGHT = "right"
    DIFFERS = "differs"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Standing:
    """A queue as it is on the server."""

    name: str
    shape: Shape
    messages: int = 0
    """Those that nobody has in hand."""
    consumers: int = 0


async def inspect(connection: AbstractConnection, names: Names, queues: Iterable[Queue]) -> list[Standing]:
    """Return how every queue of the topology stands: work queues, waiting rooms, dead letters."""
    wanted = [pair for queue in queues for pair in arguments(names, queue).items()]
    return [await _look(connection, name, its) for name, its in wanted]


async def glance(connection: AbstractConnection, names: Names, queues: Iterable[Queue]) -> list[Standing]:
    """Return how work queues and dead letters stand, their arguments not compared."""
    wanted = [name for queue in queues for name in (names.work(queue), names.dead(queue))]
    return [await _look(connection, name, None) for name in wanted]


async def _look(connection: AbstractConnection, name: str, its_arguments: FieldTable | None) -> Standing:
    """Ask for the queue by name alone, and where it is there with its arguments: that makes none and changes none."""
    messages, consumers = 0, 0
    try:
        async with connection.channel(publisher_confirms=False) as channel:
            found = (await channel.declare_queue(name, passive=True, timeout=PATIENCE)).declaration_result
            messages, consumers = found.message_count or 0, found.consumer_count or 0
            if its_arguments is not None:
                await channel.declare_queue(name, durable=True, arguments=its_arguments, timeout=PATIENCE)
    except ChannelNotFoundEntity:
        return Standing(name, Shape.MISSING)
    except ChannelPreconditionFailed:
        return Standing(name, Shape.DIFFERS, messages, consumers)
    return Standing(name, Shape.RIGHT, messages, consumers)


async def takes_messages(connection: AbstractConnection, within: float) -> bool:
    """Return whether the server confirms a message in so many seconds; short of memory or disk it takes none."""
    channel = await connection.channel()
    try:
        for _ in range(2):  # a server that is short reads what comes first, and only then no more
            await channel.default_exchange.publish(Message(b""), NOBODY, mandatory=False, timeout=within)
    except TimeoutError:
        return False
    return True
