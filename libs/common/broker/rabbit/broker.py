"""RabbitMQ as our Broker: publishing over one connection, every consumer over its own."""

from collections.abc import Sequence
from operator import attrgetter

from common.broker import DeadLetter, Handler, Message
from common.broker.rabbit.consumer import RabbitConsumer
from common.broker.rabbit.declaration import Names
from common.broker.rabbit.depths import Depths
from common.broker.rabbit.envelope import pack, unpack_dead
from common.broker.rabbit.link import connection_to, translating
from common.broker.rabbit.publisher import Publisher
from common.broker.topology import HINTS, QUEUES, Queue
from common.tracing import publishing

MOST_DEAD = 1_000


class RabbitBroker:
    """Connects in the background and again after every loss; `start` it before use."""

    def __init__(
        self, url: str, *, prefix: str = "", queues: Sequence[Queue] = QUEUES, publish_timeout: float = 2.0
    ) -> None:
        self._url = url
        self._names = Names(prefix)
        self._queues = tuple(queues)
        self._publisher = Publisher(url, self._names, self._queues, timeout=publish_timeout)
        self._depths = Depths(url, self._names, self._queues)

    async def start(self) -> None:
        """Begin connecting and return at once, so that a process starts while the broker is down."""
        self._publisher.link.start()

    async def connected(self) -> None:
        """Return when the broker is reached and everything is declared."""
        await self._publisher.link.ready()

    @property
    def available(self) -> bool:
        """Whether publishing has a chance right now."""
        return self._publisher.link.current is not None

    async def publish(self, message: Message) -> None:
        """Return once the broker confirmed.

        Raises BrokerUnavailable, at once while there is no connection and else after `publish_timeout` seconds;
        Unroutable where no queue takes it, unless it is a hint.
        """
        key = message.routing_key
        with publishing(message):
            await self._publisher.publish(pack(message), key, mandatory=key not in HINTS)

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> RabbitConsumer:
        """Start consuming and return at once; messages come as soon as the broker is reached."""
        if not queue.hint and queue not in self._queues:
            raise ValueError(f"{queue.name} is not declared here")
        return RabbitConsumer(
            self._url, queue, handler, prefetch=prefetch, names=self._names, publisher=self._publisher
        )

    async def dead(self, queue: Queue) -> list[DeadLetter]:
        """Return what is buried for the queue (at most 1,000), oldest first, leaving it there."""
        letters: list[DeadLetter] = []
        with translating():
            async with connection_to(self._url, f"{self._names.dead(queue)} reader") as connection:
                channel = await connection.channel()
                dead = await channel.get_queue(self._names.dead(queue))
                while len(letters) < MOST_DEAD and (incoming := await dead.get(fail=False)):
                    letters.append(unpack_dead(incoming, queue.name))
        return sorted(letters, key=attrgetter("last_at"))

    async def depths(self) -> dict[str, int]:
        """Return how many messages are ready, by queue: work queues, waiting rooms, the dead; without missing ones."""
        return await self._depths.count()

    async def close(self) -> None:
        """Close the connections that are not a consumer's; consumers are stopped before."""
        await self._depths.close()
        await self._publisher.link.close()
