import asyncio
from contextlib import suppress
from functools import partial

import aio_pika
from aio_pika.abc import AbstractQueue

from common.broker import Message, Unroutable
from common.broker.rabbit.declaration import DELIVERY_LIMIT
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import FIRST, PATIENCE, Mailbox, eventually, message
from tests.servers.rabbitmq import Rabbit


async def _is_drained(site: RabbitSite) -> bool:
    """Whether all of the first queue's messages are in somebody's hands."""
    async with await aio_pika.connect(site.url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(f"{site.prefix}{FIRST.name}")
        return queue.declaration_result.message_count == 0


async def test_killed_connection_brings_the_message_again(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A message whose acknowledgement was lost with its connection comes once more, but not beside its first run."""
    broker = await rabbit_site.open()
    go_on = asyncio.Event()

    async def wait(_message: Message) -> None:
        await go_on.wait()

    mailbox = Mailbox(wait)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    sent = message()
    await broker.publish(sent)
    await mailbox.next()
    killed = consumer._link.current
    await rabbit.run("close_all_connections", "a test")
    await eventually(lambda: asyncio.sleep(0, consumer._link.current not in {None, killed}))
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

    async def arrives() -> bool:
        with suppress(Unroutable):
            await broker.publish(message())
        return len(mailbox.seen) > 1

    await eventually(arrives)
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


async def test_message_that_kills_its_consumer_ends_among_the_dead(rabbit_site: RabbitSite) -> None:
    """The delivery limit buries what no handler lives to fail on; nothing is dropped."""
    broker = await rabbit_site.open()
    sent = message()
    await broker.publish(sent)
    async with await aio_pika.connect(rabbit_site.url) as connection:
        for _ in range(DELIVERY_LIMIT + 1):
            async with connection.channel() as channel:
                queue = await channel.get_queue(f"{rabbit_site.prefix}{FIRST.name}", ensure=False)
                await eventually(partial(_takes_one, queue))

    async def is_buried() -> bool:
        return bool(await broker.dead(FIRST))

    await eventually(is_buried)
    (letter,) = await broker.dead(FIRST)
    assert letter.message == sent
    assert (letter.reason, letter.exception) == ("delivery_limit", "")
