"""Consumes one queue over a connection of its own, so that no trouble here disturbs another queue or publishing.

Failed messages leave by the publisher's connection: RabbitMQ stops reading from one that publishes while it is short of
memory or disk, and acknowledgements have to go on.
"""

import asyncio
from contextlib import suppress
from functools import partial

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue, ConsumerTag

from common.broker import BrokerUnavailable, Handler, Unroutable
from common.broker.failure import attempt, judge, record_burial, record_retry
from common.broker.in_hand import InHand
from common.broker.rabbit.declaration import Names, declare, declare_own
from common.broker.rabbit.envelope import pack_failed, unpack
from common.broker.rabbit.link import LONGEST_PAUSE, PATIENCE, SHORTEST_PAUSE, Link, translating
from common.broker.rabbit.pipeline import Packed
from common.broker.rabbit.publisher import Publisher
from common.broker.topology import Queue

log = structlog.get_logger(__name__)


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
        publisher: Publisher,
    ) -> None:
        self._names = names
        self._publisher = publisher
        self._queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._in_hand = InHand(prefetch)
        self._stopping = False
        self._link = Link(url, names.work(queue), self._subscribe)
        self._link.start()

    async def stop(self, grace: float) -> None:
        """Take no more; wait for those in hand; give back what is not done after `grace` seconds."""
        self._stopping = True
        until = asyncio.get_running_loop().time() + grace
        if self._link.current is None:
            await self._link.close()  # else it might yet subscribe
        else:
            queue, tag = self._link.current
            with suppress(BrokerUnavailable), translating():
                await queue.cancel(tag, timeout=min(PATIENCE, grace))
        await self._in_hand.settle(max(0.0, until - asyncio.get_running_loop().time()))
        await self._link.close()

    async def _subscribe(
        self, connection: AbstractConnection, channel: AbstractChannel
    ) -> tuple[AbstractQueue, ConsumerTag]:
        if self._queue.hint:
            await declare(connection, self._names, [])
            queue = await declare_own(channel, self._names, self._queue)
        else:
            await declare(connection, self._names, [self._queue])
            queue = await channel.get_queue(self._names.work(self._queue), ensure=False)
        await channel.set_qos(prefetch_count=self._prefetch)
        return queue, await queue.consume(partial(self._take, channel), timeout=PATIENCE)

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
        """Put a copy into the waiting room or among the dead; return when the broker has it, however long that takes.

        Raises BrokerUnavailable when the delivery is no longer ours. Giving it back before would count against it.
        """
        message = unpack(incoming)
        failure = judge(self._queue, message.attempt, error)
        target = self._names.dead(self._queue)
        if failure.delay is not None:
            target = self._names.room(self._queue, failure.delay)
        copy = pack_failed(incoming, failure)
        pause = SHORTEST_PAUSE
        while not await self._is_put(copy, target):
            if channel.is_closed:
                raise BrokerUnavailable(target)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        if failure.delay is None:
            record_burial(self._queue, message, failure)
        else:
            record_retry(self._queue, error)

    async def _is_put(self, copy: Packed, target: str) -> bool:
        try:
            await self._publisher.put(copy, target)
        except (BrokerUnavailable, Unroutable) as problem:
            log.warning("message.not_set_aside", queue=target, message_id=copy.message_id, reason=str(problem))
            return False
        return True
