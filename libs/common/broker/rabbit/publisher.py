"""Publishes with confirms, over one connection that declares the whole topology whenever it opens."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import PublishError

from common.broker import BrokerUnavailable, Unroutable
from common.broker.rabbit.declaration import Names, declare
from common.broker.rabbit.link import Link, translating
from common.broker.topology import Queue


@dataclass(frozen=True, slots=True)
class Outlet:
    """An open channel's exchange for events and its direct way to queues."""

    connection: AbstractConnection
    events: AbstractExchange
    queues: AbstractExchange


class Publisher:
    """Publishes each message for at most `timeout` seconds; start its `link` before use."""

    def __init__(self, url: str, names: Names, queues: Sequence[Queue], *, timeout: float) -> None:
        self._names = names
        self._queues = queues
        self._timeout = timeout
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._declaring = asyncio.Lock()
        self.link = Link(url, f"{names.prefix}publisher", self._prepare)

    async def _prepare(self, connection: AbstractConnection, channel: AbstractChannel) -> Outlet:
        await declare(connection, self._names, self._queues)
        events = await channel.get_exchange(self._names.exchange, ensure=False)
        return Outlet(connection, events, channel.default_exchange)

    async def publish(self, message: aio_pika.Message, routing_key: str, *, mandatory: bool) -> None:
        """Return when the queue of the routing key has it; raises Unroutable where there is none."""
        outlet = self._outlet()
        await self._send(outlet, outlet.events, message, routing_key, mandatory=mandatory)

    async def put(self, message: aio_pika.Message, queue_name: str) -> None:
        """Return when this queue of the topology has it."""
        outlet = self._outlet()
        await self._send(outlet, outlet.queues, message, queue_name, mandatory=True)

    def _outlet(self) -> Outlet:
        if self.link.current is None:
            raise BrokerUnavailable("not connected")
        return self.link.current

    async def _send(
        self, outlet: Outlet, exchange: AbstractExchange, message: aio_pika.Message, key: str, *, mandatory: bool
    ) -> None:
        """Publish and await the confirm; what no queue takes is sent once more after everything was declared again.

        One at a time per message id, by which the library tells returned messages apart: beside each other one of two
        that come back would count as confirmed.
        """
        turn = self._turns.setdefault(str(message.message_id), asyncio.Lock())
        with translating():
            async with asyncio.timeout(self._timeout), turn:
                try:
                    await exchange.publish(message, key, mandatory=mandatory)
                except PublishError:
                    complete = await self._declare_again(outlet)
                else:
                    return
                try:
                    await exchange.publish(message, key, mandatory=mandatory)
                except PublishError as error:
                    raise (Unroutable(key) if complete else BrokerUnavailable("a queue is missing")) from error

    async def _declare_again(self, outlet: Outlet) -> bool:
        async with self._declaring:
            return await declare(outlet.connection, self._names, self._queues)
