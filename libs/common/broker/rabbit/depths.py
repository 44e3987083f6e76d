"""How many messages wait in each queue, asked of RabbitMQ by queue.declare (passive): makes nothing, disturbs nobody.

Over a connection of its own that publishes nothing: short of memory or disk, RabbitMQ does not read from one that does.
"""

import asyncio
from collections.abc import Sequence

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelClosed

from common.broker import BrokerUnavailable
from common.broker.rabbit.declaration import PATIENCE, Names, arguments
from common.broker.rabbit.link import Link, translating
from common.broker.topology import Queue


class Depths:
    """Counts messages that are ready; connects when it is first asked."""

    def __init__(self, url: str, names: Names, queues: Sequence[Queue]) -> None:
        theirs = [name for queue in queues for name in arguments(names, queue)]
        ours = [name for queue in queues for name in arguments(Names(), queue)]
        self._names = dict(zip(ours, theirs, strict=True))
        self._link = Link(url, f"{names.prefix}depths", _keep)

    async def count(self) -> dict[str, int]:
        """Return it by queue, without those that are missing; raises BrokerUnavailable."""
        self._link.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._link.ready()
        except TimeoutError:
            raise BrokerUnavailable("not connected") from None
        if (connection := self._link.current) is None:
            raise BrokerUnavailable("connection lost")
        with translating():
            found = await asyncio.gather(*(_ready(connection, name) for name in self._names.values()))
        return {name: ready for name, ready in zip(self._names, found, strict=True) if ready is not None}

    async def close(self) -> None:
        """Close the connection, if there is one."""
        await self._link.close()


async def _keep(connection: AbstractConnection, _channel: AbstractChannel) -> AbstractConnection:
    return connection


async def _ready(connection: AbstractConnection, name: str) -> int | None:
    """Return how many are ready, None of a queue that is not there or does not answer: a channel of its own each."""
    try:
        async with connection.channel(publisher_confirms=False) as channel:
            queue = await channel.declare_queue(name, passive=True, timeout=PATIENCE)
    except (ChannelClosed, TimeoutError):
        return None
    return queue.declaration_result.message_count
