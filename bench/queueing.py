"""Publishing with a confirm and consuming with an acknowledgement: our broker beside bare aio-pika."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from time import perf_counter
from typing import NamedTuple
from uuid import uuid4

import aio_pika
from pamqp.common import FieldTable

from bench.figure import Figure, figure
from bench.site import Site
from common.broker import Message, new_message
from common.broker.rabbit.broker import RabbitBroker
from common.broker.topology import Queue
from tests.e2e.virtual_hosts import virtual_host

MESSAGES = 4_000
IN_HAND = 50
"""Messages under way at a time, as many as a consumer's prefetch."""
QUEUE = Queue("bench.take", ("transactions.changed",), delays=())
BODY = b'{"integration_id": 1, "transaction_ids": [1], "rung_at": "2026-11-23T00:00:00Z"}'
DURABLE: FieldTable = {"x-queue-type": "quorum"}
PATIENCE = 120.0


class Rates(NamedTuple):
    """Messages a second."""

    published: float
    consumed: float


async def measure(site: Site, *, messages: int = MESSAGES, repetitions: int = 3) -> list[Figure]:
    """Return both rates of ours beside both of aio-pika's."""
    url = await virtual_host(site.rabbit)
    pairs = [(await ours(url, messages), await bare(url, messages)) for _ in range(repetitions)]
    mine, theirs = [list(rates) for rates in zip(*pairs, strict=True)]
    remark = f"{IN_HAND} in hand, quorum queue; baseline: bare aio-pika"
    return [
        figure(
            "broker: publish with confirm",
            "messages/s",
            [one.published for one in mine],
            [one.published for one in theirs],
            target="≥ 1",
            remark=remark,
        ),
        figure(
            "broker: consume with acknowledgement",
            "messages/s",
            [one.consumed for one in mine],
            [one.consumed for one in theirs],
            target="≥ 1/2",
            remark=remark,
        ),
    ]


async def ours(url: str, messages: int) -> Rates:
    """Send and take so many through our broker."""
    broker = RabbitBroker(url, prefix=f"bench-{uuid4().hex[:6]}.", queues=[QUEUE], publish_timeout=PATIENCE)
    await broker.start()
    await broker.connected()
    try:
        published = await _rate(messages, lambda: broker.publish(_message()))
        done, began = Countdown(messages), perf_counter()

        async def take(_message: Message) -> None:
            done()

        consumer = await broker.consume(QUEUE, take, prefetch=IN_HAND)
        await done.finished()
        consumed = messages / (perf_counter() - began)
        await consumer.stop(PATIENCE)
    finally:
        await broker.close()
    return Rates(published, consumed)


async def bare(url: str, messages: int) -> Rates:
    """Send and take so many through aio-pika as its documentation shows it."""
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(await aio_pika.connect(url))
        channel = await connection.channel(publisher_confirms=True)
        await channel.set_qos(prefetch_count=IN_HAND)
        queue = await channel.declare_queue(f"bare-{uuid4().hex[:6]}", durable=True, arguments=DURABLE)

        async def publish() -> None:
            made = aio_pika.Message(BODY, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(made, queue.name)

        published = await _rate(messages, publish)
        done, began = Countdown(messages), perf_counter()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            await message.ack()
            done()

        tag = await queue.consume(take)
        await done.finished()
        consumed = messages / (perf_counter() - began)
        await queue.cancel(tag)
    return Rates(published, consumed)


class Countdown:
    """Counts down, and tells when nothing is left."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._over = asyncio.Event()

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._over.set()

    async def finished(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._over.wait()


async def _rate(number: int, act: Callable[[], Awaitable[None]]) -> float:
    """Do it so many times, some at a time; return how many a second."""
    left = iter(range(number))

    async def work() -> None:
        for _ in left:
            await act()

    began = perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_HAND)))
    return number / (perf_counter() - began)


def _message() -> Message:
    return new_message(
        type="transactions.changed",
        routing_key="transactions.changed",
        body=BODY,
        correlation_id="bench",
        timestamp=datetime.now(UTC),
    )
