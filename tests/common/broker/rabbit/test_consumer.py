import asyncio
import json
import time
from functools import partial

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from structlog.testing import capture_logs

from common.broker import BrokerUnavailable, Message
from common.broker.rabbit import declaration
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.rabbit.proxied import publish_until_confirmed
from tests.common.broker.site import FIRST, PATIENCE, Mailbox, eventually, fail, message
from tests.servers.rabbitmq import Rabbit


async def _is_drained(site: RabbitSite) -> bool:
    """Whether all of the first queue's messages are in somebody's hands."""
    async with await aio_pika.connect(site.url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(f"{site.prefix}{FIRST.name}")
        return queue.declaration_result.message_count == 0


async def test_killed_connection_brings_the_message_again(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A message in hand comes once more, however often its connection was lost, and not beside its first run."""
    broker = await rabbit_site.open()
    go_on = asyncio.Event()

    async def wait(_message: Message) -> None:
        await go_on.wait()

    mailbox = Mailbox(wait)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    sent = message()
    await broker.publish(sent)
    await mailbox.next()
    for _ in range(2):
        killed = consumer._link.current
        await rabbit.run("close_all_connections", "a test")
        await eventually(lambda killed=killed: asyncio.sleep(0, consumer._link.current not in {None, killed}))  # type: ignore[misc]
        await eventually(lambda: _is_drained(rabbit_site))
        assert len(mailbox.seen) == 1
    go_on.set()
    assert await mailbox.next() == sent
    await consumer.stop(grace=PATIENCE)
    assert len(mailbox.seen) == 2


async def test_deleted_queue_is_declared_again(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A consumer that the broker cancelled declares its queue anew and consumes again."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    await broker.publish(message())
    await mailbox.next()
    await rabbit.run("delete_queue", f"{rabbit_site.prefix}{FIRST.name}")

    await broker.publish(message())
    await mailbox.next()
    await consumer.stop(grace=1)


async def test_message_whose_waiting_room_is_gone_is_not_lost(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A failed message that cannot be set aside stays in its queue until it can."""
    broker = await rabbit_site.open()

    async def fail_first(message: Message) -> None:
        if message.attempt == 1:
            raise RuntimeError("no luck")

    mailbox = Mailbox(fail_first)
    await rabbit.run("delete_queue", f"{rabbit_site.prefix}{FIRST.name}.wait.0.05")
    sent = message()
    await broker.publish(sent)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    while (await mailbox.next()).attempt == 1:
        pass
    await consumer.stop(grace=1)
    assert {one.id for one in mailbox.seen} == {sent.id}


async def _takes_one(queue: AbstractQueue) -> bool:
    return await queue.get(fail=False) is not None


async def test_message_that_kills_its_consumer_ends_among_the_dead(
    rabbit_site: RabbitSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery limit, and nothing before it, buries what no handler lives to fail on; nothing is dropped."""
    limit = 5
    monkeypatch.setattr(declaration, "DELIVERY_LIMIT", limit)
    broker = await rabbit_site.open()
    sent = message()
    await broker.publish(sent)
    async with await aio_pika.connect(rabbit_site.url) as connection:
        for _ in range(limit + 1):
            async with connection.channel() as channel:
                queue = await channel.get_queue(f"{rabbit_site.prefix}{FIRST.name}", ensure=False)
                await eventually(partial(_takes_one, queue))

    async def is_buried() -> bool:
        return bool(await broker.dead(FIRST))

    await eventually(is_buried)
    (letter,) = await broker.dead(FIRST)
    assert letter.message == sent
    assert (letter.reason, letter.exception) == ("delivery_limit", "")


async def test_message_that_is_held_longer_than_rabbitmq_waits_is_not_lost(
    rabbit_site: RabbitSite, rabbit: Rabbit
) -> None:
    """A channel that RabbitMQ closes for a late acknowledgement is replaced; the message comes again after it."""
    await rabbit.run("eval", _patience(milliseconds=500, look_every=200))
    try:
        broker = await rabbit_site.open()
        go_on = asyncio.Event()

        async def wait(_message: Message) -> None:
            await go_on.wait()

        mailbox = Mailbox(wait)
        with capture_logs() as lines:
            consumer = await broker.consume(FIRST, mailbox, prefetch=1)
            sent = message()
            await broker.publish(sent)
            await mailbox.next()
            await eventually(lambda: asyncio.sleep(0, any(line["event"] == "broker.lost" for line in lines)))
    finally:
        await rabbit.run("eval", _patience(milliseconds=1_800_000, look_every=60_000))
    go_on.set()
    assert await mailbox.next() == sent
    await consumer.stop(grace=1)
    assert len(mailbox.seen) == 2


def _patience(*, milliseconds: int, look_every: int) -> str:
    """Erlang that sets how long RabbitMQ waits for an acknowledgement, for channels opened from now on."""
    settings = {"consumer_timeout": milliseconds, "channel_tick_interval": look_every}
    return ", ".join(f"application:set_env(rabbit, {name}, {value})" for name, value in settings.items()) + "."


async def test_failed_message_that_cannot_be_set_aside_is_given_back_by_stop(rabbit_site: RabbitSite) -> None:
    """A consumer that waits for a way to set a message aside still stops in time; the message comes again."""
    cut_off, other = await rabbit_site.open(), await rabbit_site.open()
    mailbox = Mailbox(fail)
    consumer = await cut_off.consume(FIRST, mailbox, prefetch=1)
    await cut_off.close()
    sent = message()
    await other.publish(sent)
    await mailbox.next()
    async with asyncio.timeout(PATIENCE / 2):
        await consumer.stop(grace=0.5)
    successor = Mailbox()
    consumer = await other.consume(FIRST, successor, prefetch=1)
    assert await successor.next() == sent
    await consumer.stop(grace=1)
    assert len(mailbox.seen) == 1


async def test_alarm_stops_publishing_but_no_consumer(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """While RabbitMQ is short of memory publishing fails in time and consumers go on; then all goes on by itself."""
    broker = await rabbit_site.open()
    unlucky, lucky = message(), [message() for _ in range(20)]

    async def fail_once(message: Message) -> None:
        if (message.id, message.attempt) == (unlucky.id, 1):
            await fail(message)

    mailbox = Mailbox(fail_once)
    for one in (unlucky, *lucky):
        await broker.publish(one)
    await rabbit.run("set_vm_memory_high_watermark", "0")
    try:
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            await broker.publish(message("tests.shared"))
        assert time.monotonic() - began < 3
        consumer = await broker.consume(FIRST, mailbox, prefetch=5)
        seen = [await mailbox.next() for _ in range(21)]
        await eventually(lambda: _is_alone(rabbit, rabbit_site))
        assert len(mailbox.seen) == 21
    finally:
        await rabbit.run("set_vm_memory_high_watermark", "0.4")
    while (again := await mailbox.next()).id != unlucky.id:
        pass
    assert again.attempt == 2
    await publish_until_confirmed(broker, message("tests.shared"))
    await consumer.stop(grace=1)
    assert {one.id for one in seen} == {one.id for one in (unlucky, *lucky)}


async def _is_alone(rabbit: Rabbit, site: RabbitSite) -> bool:
    """Whether one message is left in the first queue."""
    listed = await rabbit.run("list_queues", "--formatter", "json", "name", "messages")
    name = f"{site.prefix}{FIRST.name}"
    return [queue["messages"] for queue in json.loads(listed) if queue["name"] == name] == [1]
