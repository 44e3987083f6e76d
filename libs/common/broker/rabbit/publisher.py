"""Publishes with confirms, over one connection that declares the whole topology whenever it opens."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import PublishError

from common.broker import BrokerUnavailable, Unroutable
from common.broker.rabbit.declaration import Names, declare
from common.broker.rabbit.link import Link, translating
from common.broker.rabbit.pipeline import Packed, Pipeline, Target, pipeline
from common.broker.topology import Queue

FAREWELL = 0.3
"""Seconds that a deleted queue stays away: RabbitMQ 3 forgets to tell its consumers when it is back at once."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """An open connection and the pipeline of its channel."""

    connection: AbstractConnection
    pipeline: Pipeline


class Publisher:
    """Publishes each message for at most `timeout` seconds; start its `link` before use."""

    def __init__(self, url: str, names: Names, queues: Sequence[Queue], *, timeout: float) -> None:
        self._names = names
        self._queues = queues
        self._timeout = timeout
        self._declaring = asyncio.Lock()
        self.link = Link(url, f"{names.prefix}publisher", self._prepare)

    async def _prepare(self, connection: AbstractConnection, channel: AbstractChannel) -> Outlet:
        await declare(connection, self._names, self._queues)
        return Outlet(connection, await pipeline(channel))

    async def publish(self, message: Packed, routing_key: str, *, mandatory: bool) -> None:
        """Return when the queue of the routing key has it; raises Unroutable where there is none."""
        await self._send(message, Target(self._names.exchange, routing_key, mandatory))

    async def put(self, message: Packed, queue_name: str) -> None:
        """Return when this queue of the topology has it."""
        await self._send(message, Target("", queue_name, mandatory=True))

    async def _send(self, message: Packed, target: Target) -> None:
        """Publish and await the confirm; what no queue takes is sent once more after everything was declared again."""
        outlet = self.link.current
        if outlet is None:
            raise BrokerUnavailable("not connected")
        with translating():
            async with asyncio.timeout(self._timeout):
                try:
                    await outlet.pipeline.publish(message, target)
                except PublishError:
                    complete = await self._declare_again(outlet)
                else:
                    return
                try:
                    await outlet.pipeline.publish(message, target)
                except PublishError as error:
                    raise (
                        Unroutable(target.routing_key) if complete else BrokerUnavailable("a queue is missing")
                    ) from error

    async def _declare_again(self, outlet: Outlet) -> bool:
        await asyncio.sleep(FAREWELL)
        async with self._declaring:
            return await declare(outlet.connection, self._names, self._queues)
