"""The topology as RabbitMQ sees it: names and arguments. The arguments of a queue cannot change once it exists.

bank.events ──routing key──► <queue> ──handler failed──► <queue>.wait.<seconds> ──TTL──► <queue>
                                └────gave up, or the delivery limit──► <queue>.dead
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue
from pamqp.common import FieldTable

from common.broker.topology import EXCHANGE, Queue

DELIVERY_LIMIT = 100
"""The last guard against a message that kills its consumer; every message in a killed consumer's hands counts."""
NO_LIMIT = 1_000_000_000
"""Reading the dead must not wear them out: RabbitMQ 4 drops after 20 deliveries unless told otherwise."""
MOST_HINTS = 10_000

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


async def declare(channel: AbstractChannel, names: Names, queues: Iterable[Queue]) -> None:
    """Declare exchange and queues; where they exist already, check that they are what they should be."""
    exchange = await channel.declare_exchange(names.exchange, ExchangeType.TOPIC, durable=True)
    for queue in queues:
        for name, its_arguments in arguments(names, queue).items():
            await channel.declare_queue(name, durable=True, arguments=its_arguments)
        work = await channel.get_queue(names.work(queue), ensure=False)
        for routing_key in queue.routing_keys:
            await work.bind(exchange, routing_key)


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
