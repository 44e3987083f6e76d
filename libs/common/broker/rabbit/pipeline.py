"""Many messages under way at once over one channel: written together, confirmed one by one.

The library's own publish takes its lock, two futures in three registries and three tasks' turns for every message.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from aio_pika.abc import AbstractChannel
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from common.broker import BrokerUnavailable


@dataclass(frozen=True, slots=True)
class Packed:
    """A message as AMQP: its properties, a message id among them, and its body."""

    properties: Basic.Properties
    body: bytes

    @property
    def message_id(self) -> str:
        """What tells it from every other message."""
        return str(self.properties.message_id)


class Target(NamedTuple):
    """Where a message is sent; a mandatory one comes back where no queue takes it."""

    exchange: str
    routing_key: str
    mandatory: bool


class _Unwritten(NamedTuple):
    frames: bytes
    confirmed: asyncio.Future[object]


async def pipeline(channel: AbstractChannel) -> "Pipeline":
    """Return the pipeline of an open channel that confirms; nobody else may publish on it."""
    underlay = await channel.get_underlay_channel()
    if not isinstance(underlay, Channel):
        raise TypeError(type(underlay).__name__)
    return Pipeline(underlay)


class Pipeline:
    """Numbers messages in the order in which it writes them, as the broker does; the channel's books do the rest."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._unconfirmed: dict[str, asyncio.Future[object]] = {}
        self._unwritten: dict[str, _Unwritten] = {}
        self._writing: asyncio.Task[None] | None = None
        channel.closing.add_done_callback(self._end)

    async def publish(self, message: Packed, target: Target) -> None:
        """Return when the broker confirmed; raise PublishError where it came back, BrokerUnavailable once that is over.

        One at a time per message id, by which the channel tells returned messages apart: beside each other one of two
        that come back would count as confirmed.
        """
        name = message.message_id
        while earlier := self._unconfirmed.get(name):
            await asyncio.wait([earlier])
        if self._channel.is_closed:
            raise BrokerUnavailable("channel closed")
        frames = _frames(self._channel, message, target)
        confirmed = self._unconfirmed[name] = self._loop.create_future()
        self._unwritten[name] = _Unwritten(frames, confirmed)
        if self._writing is None:
            self._writing = self._loop.create_task(self._write(), name="write messages")
        try:
            await asyncio.shield(confirmed)  # else the channel could find it cancelled before its books are closed
        finally:
            confirmed.cancel()
            del self._unconfirmed[name]
            self._unwritten.pop(name, None)
            self._channel.message_id_delivery_tag.pop(name, None)

    async def _write(self) -> None:
        """Write what has gathered, then what gathered meanwhile, no faster than the socket takes it."""
        try:
            while self._unwritten:
                gathered, self._unwritten = self._unwritten, {}
                payload = b"".join(self._number(name, *one) for name, one in gathered.items())
                written = self._loop.create_future()
                await self._channel.write_queue.put(ChannelFrame(payload, should_close=False, drain_future=written))
                await written
        finally:
            self._writing = None

    def _number(self, message_id: str, frames: bytes, confirmed: asyncio.Future[object]) -> bytes:
        channel = self._channel
        channel.delivery_tag += 1
        channel.confirmations[channel.delivery_tag] = confirmed
        channel.message_id_delivery_tag[message_id] = channel.delivery_tag
        return frames

    def _end(self, _closing: object) -> None:
        if self._writing is not None:
            self._writing.cancel()
        for confirmed in self._unconfirmed.values():
            if not confirmed.done():
                confirmed.set_exception(BrokerUnavailable("connection lost"))


def _frames(channel: Channel, message: Packed, target: Target) -> bytes:
    """Return the message on the wire, its body in pieces of the size that was agreed upon."""
    most = channel.max_content_size if channel.max_content_size > 0 else max(1, len(message.body))  # 0: no frame_max
    header = ContentHeader(properties=message.properties, body_size=len(message.body))
    bodies = (ContentBody(message.body[at : at + most]) for at in range(0, len(message.body), most))
    content = (frame.marshal(body, channel.number) for body in bodies)
    return b"".join((_method(channel.number, target), frame.marshal(header, channel.number), *content))


@lru_cache(maxsize=256)
def _method(channel_number: int, target: Target) -> bytes:
    publish = Basic.Publish(exchange=target.exchange, routing_key=target.routing_key, mandatory=target.mandatory)
    return frame.marshal(publish, channel_number)
