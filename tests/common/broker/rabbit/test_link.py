"""Brokers that restart, networks that fail: everything goes on by itself, and what was confirmed is handled."""

import asyncio
import time
from uuid import UUID

import pytest

from common.broker import BrokerUnavailable
from common.broker.rabbit import link
from common.broker.rabbit.link import translating
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.rabbit.proxied import ON_ONE_SERVER, is_down, publish_until_confirmed, through_proxy
from tests.common.broker.site import FIRST, PATIENCE, SECOND, Mailbox, eventually, message
from tests.servers.rabbitmq import Rabbit


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
    await eventually(lambda: is_down(broker))
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


@ON_ONE_SERVER
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
            await publish_until_confirmed(broker, sent)
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


async def test_whatever_ends_on_a_closed_connection_is_unavailability() -> None:
    """The library's ways to end a call whose connection closes, a bare Exception among them, mean BrokerUnavailable."""
    for end in (Exception(), ConnectionResetError(), TimeoutError(), asyncio.CancelledError()):
        with pytest.raises(BrokerUnavailable), translating():
            raise end
    with pytest.raises(ValueError, match="ours"), translating():
        raise ValueError("ours")


@ON_ONE_SERVER
async def test_vanished_broker_is_noticed(rabbit_site: RabbitSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that swallows everything is noticed by the missing heartbeats, and left when it comes back."""
    monkeypatch.setattr(link, "HEARTBEAT", 1)
    async with through_proxy(rabbit_site) as (broker, proxy):
        proxy.freeze()
        await eventually(lambda: is_down(broker))
        proxy.thaw()
        await asyncio.wait_for(broker.connected(), PATIENCE)
        await broker.publish(message())
