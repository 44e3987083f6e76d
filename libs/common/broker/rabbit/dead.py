"""Dead letters in one operator's hands: read as they lie, given back, put to work again, or dropped.

Whoever reads holds an exclusive queue on the same connection: so there is one reader at a time, and one that died or
froze holds its turn no longer than its letters. A letter leaves its queue by an acknowledgement that follows its copy's
confirm: who dies in between leaves two, which is harmless, and never none.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError
from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import ChannelLockedResource

from common.broker import BrokerUnavailable, Unroutable
from common.broker.rabbit.declaration import PATIENCE, Names
from common.broker.rabbit.letter import Letter
from common.broker.rabbit.link import connection_to, translating
from common.broker.rabbit.pipeline import Pipeline, Target, pipeline
from common.broker.topology import Queue

AT_ONCE = 100
"""Letters whose copies are under way together."""
CONFIRMED_WITHIN = 30.0
MOST_IN_HAND = 65_535
"""AMQP counts what a consumer may hold in two bytes."""
LOOK = 0.02
QUIET = 100
"""So many looks without a letter more mean that somebody else has the others in hand."""

Advance = Callable[[int], None]
"""Told how many more are done."""


class Busy(Exception):
    """Somebody else has the dead letters in hand."""


class DeadLetters:
    """All dead letters, for one reader at a time; what was neither replayed nor dropped goes back at the end."""

    def __init__(self, connection: AbstractConnection, names: Names) -> None:
        self._connection = connection
        self._names = names
        self._channels: dict[Queue, AbstractChannel] = {}
        self._pipeline: Pipeline | None = None

    async def count(self, queue: Queue) -> int:
        """Return how many lie there."""
        with translating(), suppress(ChannelNotFoundEntity):
            async with self._connection.channel(publisher_confirms=False) as channel:
                found = await channel.declare_queue(self._names.dead(queue), passive=True, timeout=PATIENCE)
                return found.declaration_result.message_count or 0
        return 0

    async def read(self, queue: Queue, most: int, advance: Advance) -> list[Letter]:
        """Return what lies there, at most so many (and 65,535); nobody else gets it meanwhile."""
        number = min(await self.count(queue), most, MOST_IN_HAND)
        if number == 0:
            return []
        found: list[Letter] = []

        async def take(message: DeliveredMessage) -> None:
            if message.delivery_tag is not None:
                found.append(Letter(queue, message.delivery_tag, message.header.properties, message.body))
                advance(1)

        with translating():
            opened = await self._connection.channel(publisher_confirms=False)
            channel = self._channels[queue] = await opened.get_underlay_channel()
            await channel.basic_qos(prefetch_count=number)
            consuming = await channel.basic_consume(self._names.dead(queue), take, timeout=PATIENCE)
            quiet = 0
            while len(found) < number and quiet < QUIET and not channel.is_closed:
                before = len(found)
                await asyncio.sleep(LOOK)
                quiet = quiet + 1 if len(found) == before else 0
            await channel.basic_cancel(str(consuming.consumer_tag), timeout=PATIENCE)
        return found

    async def replay(self, letters: Sequence[Letter], advance: Advance) -> None:
        """Put each to its work queue, its tries counted from one, and take it off the dead.

        Raises BrokerUnavailable, or Unroutable where the work queue is missing: what was not told to `advance` is where
        it was, or in both places.
        """
        with translating():
            if self._pipeline is None:
                self._pipeline = await pipeline(await self._connection.channel(on_return_raises=True))
            for some in _batches(letters):
                async with asyncio.timeout(CONFIRMED_WITHIN):
                    ended = await asyncio.gather(*map(self._put, some), return_exceptions=True)
                put = [letter for letter, error in zip(some, ended, strict=True) if error is None]
                await self.drop(put, advance)
                for error in ended:
                    if error is not None:
                        raise error

    async def _put(self, letter: Letter) -> None:
        if self._pipeline is None:
            raise BrokerUnavailable("no channel")
        name = self._names.work(letter.queue)
        try:
            await self._pipeline.publish(letter.anew(), Target("", name, mandatory=True))
        except PublishError as error:
            raise Unroutable(name) from error

    async def drop(self, letters: Sequence[Letter], advance: Advance) -> None:
        """Take letters off the dead for good."""
        with translating():
            for letter in letters:
                await self._channels[letter.queue].basic_ack(letter.tag)
                advance(1)

    async def give_back(self) -> None:
        """Lay back all that is in hand, so that it is there at once."""
        with translating():
            for channel in self._channels.values():
                await channel.basic_nack(0, multiple=True, requeue=True)


def _batches(letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    return (letters[start : start + AT_ONCE] for start in range(0, len(letters), AT_ONCE))


@asynccontextmanager
async def dead_letters(url: str, prefix: str = "") -> AsyncIterator[DeadLetters]:
    """Yield all dead letters; raises Busy where another reader has them, BrokerUnavailable where there is no broker."""
    async with AsyncExitStack() as stack:
        with translating():
            connection = await stack.enter_async_context(connection_to(url, f"{prefix}dead letters"))
            channel = await connection.channel(publisher_confirms=False)
            try:
                await channel.declare_queue(f"{prefix}ops.dead", exclusive=True, timeout=PATIENCE)
            except ChannelLockedResource:
                raise Busy from None
        letters = DeadLetters(connection, Names(prefix))
        try:
            yield letters
        finally:
            with suppress(BrokerUnavailable):  # a connection that is lost has given all back
                await letters.give_back()
