"""Consumes one queue over a connection of its own, so that no trouble here disturbs another queue or publishing."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, ConsumerTag

from common.broker import BrokerUnavailable, Handler, Unroutable
from common.broker.failure import attempt, judge, log_burial
from common.broker.in_hand import InHand
from common.broker.rabbit.declaration import Names, declare, declare_own
from common.broker.rabbit.envelope import pack_failed, unpack
from common.broker.rabbit.link import Link, send, translating
from common.broker.topology import Queue


class RabbitConsumer:
    """Hands the messages of one queue to a handler and acknowledges each when it is safe to forget."""

    def __init__(
        self,
        url: str,
        queue: Queue,
        handler: Handler,
        *,
        prefetch: int,
        names: Names,
        queues: Sequence[Queue],
        publish_timeout: float,
    ) -> None:
        self._names = names
        self._queues = queues
        self._queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._publish_timeout = publish_timeout
        self._in_hand = InHand(prefetch)
        self._stopping = False
        self._link = Link(url, names.work(queue), self._subscribe)
        self._link.start()

    async def stop(self, grace: float) -> None:
        """Take no more; wait for those in hand; give back what is not done after `grace` seconds."""
        self._stopping = True
        if subscription := self._link.current:
            queue, tag = subscription
            with suppress(BrokerUnavailable), translating():
                await queue.cancel(tag)
        await self._in_hand.settle(grace)
        await self._link.close()

    async def _subscribe(self, channel: AbstractChannel) -> tuple[AbstractQueue, ConsumerTag]:
        await declare(channel, self._names, self._queues)
        if self._queue.hint:
            queue = await declare_own(channel, self._names, self._queue)
        else:
            queue = await channel.get_queue(self._names.work(self._queue), ensure=False)
        await channel.set_qos(prefetch_count=self._prefetch)
        return queue, await queue.consume(partial(self._take, channel))

    async def _take(self, channel: AbstractChannel, incoming: AbstractIncomingMessage) -> None:
        """Start the message's own task: it outlives the channel, whose end would cancel this one."""
        await self._in_hand.slot()
        if not self._stopping:
            self._in_hand.start(self._handle(channel, incoming))

    async def _handle(self, channel: AbstractChannel, incoming: AbstractIncomingMessage) -> None:
        error = await attempt(self._handler, unpack(incoming))
        with suppress(BrokerUnavailable):  # not acknowledged, so it comes again
            if error is not None and not self._queue.hint:
                await self._set_aside(channel, incoming, error)
            with translating():
                await incoming.ack()

    async def _set_aside(
        self, channel: AbstractChannel, incoming: AbstractIncomingMessage, error: BaseException
    ) -> None:
        """Put a copy into the waiting room or among the dead; return when the broker has it."""
        message = unpack(incoming)
        failure = judge(self._queue, message.attempt, error)
        if failure.delay is None:
            log_burial(self._queue, message, failure)
            target = self._names.dead(self._queue)
        else:
            target = self._names.room(self._queue, failure.delay)
        try:
            await send(channel.default_exchange, pack_failed(incoming, failure), target, within=self._publish_timeout)
        except (BrokerUnavailable, Unroutable) as problem:
            self._link.renew()
            raise BrokerUnavailable(target) from problem
