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
    """An open channel's exchange for events and its direct way to queues; `complete` when every queue is there."""

    events: AbstractExchange
    queues: AbstractExchange
    complete: bool


class Publisher:
    """Publishes each message at most `timeout` seconds long; `start` it before use."""

    def __init__(self, url: str, names: Names, queues: Sequence[Queue], *, timeout: float) -> None:
        self._names = names
        self._queues = queues
        self._timeout = timeout
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.link = Link(url, f"{names.prefix}publisher", self._prepare)

    async def _prepare(self, connection: AbstractConnection, channel: AbstractChannel) -> Outlet:
        complete = await declare(connection, self._names, self._queues)
        events = await channel.get_exchange(self._names.exchange, ensure=False)
        return Outlet(events, channel.default_exchange, complete)

    async def publish(self, message: aio_pika.Message, routing_key: str, *, mandatory: bool) -> None:
        """Return when every queue of the routing key has it; raises Unroutable where there is none."""
        outlet = self._outlet()
        try:
            await self._send(outlet.events, message, routing_key, mandatory=mandatory)
        except PublishError as error:
            if outlet.complete:
                raise Unroutable(routing_key) from error
            self._declare_again()

    async def put(self, message: aio_pika.Message, queue_name: str) -> None:
        """Return when this queue of the topology has it."""
        try:
            await self._send(self._outlet().queues, message, queue_name, mandatory=True)
        except PublishError:
            self._declare_again()

    def _outlet(self) -> Outlet:
        if self.link.current is None:
            raise BrokerUnavailable("not connected")
        return self.link.current

    def _declare_again(self) -> None:
        self.link.renew()
        raise BrokerUnavailable("a queue is missing")

    async def _send(self, exchange: AbstractExchange, message: aio_pika.Message, key: str, *, mandatory: bool) -> None:
        """Publish and await the confirm; one at a time per message id, by which the library tells returned messages."""
        turn = self._turns.setdefault(str(message.message_id), asyncio.Lock())
        with translating(PublishError):
            async with asyncio.timeout(self._timeout), turn:
                await exchange.publish(message, key, mandatory=mandatory)
