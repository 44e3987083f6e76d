"""Brokers that restart, networks that fail: consumers go on by themselves, and what was confirmed is handled."""

import asyncio
import time
from contextlib import suppress
from uuid import UUID

import pytest
from yarl import URL

from common.broker import BrokerUnavailable, Message, Unroutable
from common.broker.rabbit import RabbitBroker, link
from common.broker.topology import Queue
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.site import FIRST, PATIENCE, QUEUES, SECOND, Mailbox, eventually, message
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import Rabbit


async def _is_down(broker: RabbitBroker) -> bool:
    return not broker.available


async def _publish_until_confirmed(broker: RabbitBroker, sent: Message) -> None:
    while True:
        try:
            return await broker.publish(sent)
        except BrokerUnavailable:
            await asyncio.sleep(0.05)


async def test_restart_of_the_broker_is_survived(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A consumer goes on after the broker's restart without one of ours, and finds what was published before."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    before = [message("tests.shared") for _ in range(20)]
    for one in before:
        await broker.publish(one)
        await mailbox.next()
    await rabbit.stop()
    await eventually(lambda: _is_down(broker))
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        await broker.publish(message())
    assert time.monotonic() - began < 0.1
    await rabbit.start()
    await asyncio.wait_for(broker.connected(), PATIENCE)
    after = message()
    await broker.publish(after)
    assert await mailbox.next() == after
    survivors = Mailbox()
    second = await broker.consume(SECOND, survivors, prefetch=5)
    assert {(await survivors.next()).id for _ in before} == {one.id for one in before}
    await consumer.stop(grace=1)
    await second.stop(grace=1)


async def test_what_was_confirmed_is_handled_across_a_restart(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """While the broker restarts publishers only ever see BrokerUnavailable, and nothing that was confirmed is lost."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=20)
    confirmed: set[UUID] = set()
    over = asyncio.Event()

    async def keep_publishing() -> None:
        while not over.is_set():
            sent = message()
            await _publish_until_confirmed(broker, sent)
            confirmed.add(sent.id)
            await asyncio.sleep(0.005)

    publishers = [asyncio.create_task(keep_publishing()) for _ in range(10)]
    await eventually(lambda: asyncio.sleep(0, len(confirmed) > 50))
    await rabbit.stop()
    known = len(confirmed)
    await rabbit.start()
    await eventually(lambda: asyncio.sleep(0, len(confirmed) > known + 50))
    over.set()
    await asyncio.gather(*publishers)
    await eventually(lambda: asyncio.sleep(0, confirmed <= {one.id for one in mailbox.seen}))
    await consumer.stop(grace=1)


async def test_process_starts_while_the_broker_is_down(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """Without a broker everything starts at once and says that it is not available; once there is one, it works."""
    await rabbit.stop()
    broker = RabbitBroker(rabbit_site.url, prefix=rabbit_site.prefix, queues=QUEUES)
    await broker.start()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=5)
    assert not broker.available
    with pytest.raises(BrokerUnavailable):
        await broker.publish(message())
    await rabbit.start()
    await asyncio.wait_for(broker.connected(), PATIENCE)
    sent = message()
    await broker.publish(sent)
    assert await mailbox.next() == sent
    await rabbit.stop()
    async with asyncio.timeout(PATIENCE):
        await consumer.stop(grace=1)
        await broker.close()


async def test_killed_connection_brings_the_message_again(rabbit_site: RabbitSite, rabbit: Rabbit) -> None:
    """A message whose acknowledgement was lost with its connection is delivered once more, as the same attempt."""
    broker = await rabbit_site.open()
    go_on = asyncio.Event()

    async def wait(_message: Message) -> None:
        await go_on.wait()

    mailbox = Mailbox(wait)
    consumer = await broker.consume(FIRST, mailbox, prefetch=1)
    sent = message()
    await broker.publish(sent)
    await mailbox.next()
    await rabbit.run("close_all_connections", "a test")
    await eventually(lambda: _is_down(broker))
    await asyncio.wait_for(broker.connected(), PATIENCE)
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
    consumer = await broker.consume(Queue(FIRST.name, FIRST.routing_keys, FIRST.delays), mailbox, prefetch=1)
    while (await mailbox.next()).attempt == 1:
        pass
    await consumer.stop(grace=1)
    assert {one.id for one in mailbox.seen} == {sent.id}


async def test_publish_is_bounded_by_its_timeout(rabbit_site: RabbitSite) -> None:
    """Where the broker does not answer, publish raises BrokerUnavailable in time, and publishing works again later."""
    url = URL(rabbit_site.url)
    await rabbit_site.open()
    async with Proxy(str(url.host), url.port or 5672).running() as proxy:
        slow = RabbitBroker(
            str(url.with_host("127.0.0.1").with_port(proxy.port)),
            prefix=rabbit_site.prefix,
            queues=QUEUES,
            publish_timeout=0.3,
        )
        await slow.start()
        await asyncio.wait_for(slow.connected(), PATIENCE)
        proxy.freeze()
        began = time.monotonic()
        outcomes = await asyncio.gather(*(slow.publish(message()) for _ in range(50)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {BrokerUnavailable}
        assert time.monotonic() - began < 1
        proxy.thaw()
        await asyncio.wait_for(_publish_until_confirmed(slow, message()), PATIENCE)
        await slow.close()


async def test_vanished_broker_is_noticed(rabbit_site: RabbitSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that swallows everything is noticed by the missing heartbeats, and left when it comes back."""
    monkeypatch.setattr(link, "HEARTBEAT", 1)
    url = URL(rabbit_site.url)
    await rabbit_site.open()
    async with Proxy(str(url.host), url.port or 5672).running() as proxy:
        proxied = str(url.with_host("127.0.0.1").with_port(proxy.port))
        broker = RabbitBroker(proxied, prefix=rabbit_site.prefix, queues=QUEUES)
        await broker.start()
        await asyncio.wait_for(broker.connected(), PATIENCE)
        proxy.freeze()
        await eventually(lambda: _is_down(broker))
        proxy.thaw()
        await asyncio.wait_for(broker.connected(), PATIENCE)
        await broker.publish(message())
        await broker.close()
