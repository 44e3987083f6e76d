"""Messages written together are still told apart: large, bad and abandoned ones harm no other."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from pamqp.commands import Basic

from common.broker import BrokerUnavailable, Unroutable
from common.broker.rabbit import RabbitBroker
from common.broker.rabbit.pipeline import Pipeline
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.rabbit.proxied import ON_ONE_SERVER, through_proxy
from tests.common.broker.site import FIRST, Mailbox, message

pytestmark = ON_ONE_SERVER
LARGE = b"a" * 300_000
"""More than RabbitMQ takes in one frame (128 KiB)."""


async def test_each_of_a_mixed_lot_has_its_own_outcome(rabbit_site: RabbitSite) -> None:
    """Published at once: a large one arrives whole; what AMQP cannot say and what no queue takes fail alone."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=50)
    good = [message(body=LARGE), *(message() for _ in range(20))]
    bad = replace(message(), correlation_id="x" * 300)
    lost = [message("tests.unheard_of") for _ in range(3)]
    lot = [*good[:10], bad, lost[0], *good[10:], *lost[1:]]
    outcomes = dict(
        zip(
            (one.id for one in lot),
            await asyncio.gather(*(broker.publish(one) for one in lot), return_exceptions=True),
            strict=True,
        )
    )
    assert [outcomes[one.id] for one in good] == [None] * len(good)
    assert isinstance(outcomes[bad.id], TypeError)
    assert [type(outcomes[one.id]) for one in lost] == [Unroutable] * 3
    arrived = {one.id: one.body for one in [await mailbox.next() for _ in good]}
    assert arrived == {one.id: one.body for one in good}
    await consumer.stop(grace=1)


async def test_abandoned_publishes_leave_the_others_their_confirms(rabbit_site: RabbitSite) -> None:
    """Whoever gives up at whatever moment, those that wait are confirmed, and truly."""
    broker = await rabbit_site.open()
    mailbox = Mailbox()
    consumer = await broker.consume(FIRST, mailbox, prefetch=500)
    sent = [message() for _ in range(300)]
    tasks = [asyncio.create_task(broker.publish(one)) for one in sent]
    for number, task in enumerate(tasks):
        if number % 3 == 0:
            task.cancel()
        if number % 10 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    kept = {one.id for one, task in zip(sent, tasks, strict=True) if not task.cancelled()}
    assert len(kept) >= 200
    arrived: set[UUID] = set()
    while not kept <= arrived:
        arrived.add((await mailbox.next()).id)
    with pytest.raises(Unroutable):
        await broker.publish(message("tests.unheard_of"))
    await consumer.stop(grace=1)


async def test_what_was_given_up_is_not_kept(rabbit_site: RabbitSite) -> None:
    """While a broker takes nothing, memory holds what somebody waits for and what is being written, no more."""
    async with through_proxy(rabbit_site, publish_timeout=0.2) as (broker, proxy):
        pipeline = written_by(broker)
        proxy.freeze()
        for _ in range(5):
            lot = (broker.publish(message(body=LARGE)) for _ in range(50))
            outcomes = await asyncio.gather(*lot, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {BrokerUnavailable}
        assert (pipeline._unwritten, pipeline._unconfirmed) == ({}, {})
        proxy.thaw()
        async with asyncio.timeout(20):
            while True:
                with suppress(BrokerUnavailable):
                    await broker.publish(message())
                    break


async def test_given_up_in_the_moment_of_its_return(rabbit_site: RabbitSite) -> None:
    """Who gives up while its message comes back ends neither the channel nor what others publish on it."""
    broker = await rabbit_site.open()
    channel = written_by(broker)._channel
    returned = channel._on_return_frame

    async def beside_the_cancel(frame: Basic.Return) -> None:
        given_up.cancel()
        await returned(frame)

    channel._on_return_frame = beside_the_cancel  # type: ignore[method-assign]
    given_up = asyncio.create_task(broker.publish(message("tests.unheard_of")))
    await asyncio.wait([given_up])
    assert given_up.cancelled()
    await broker.publish(message())
    assert written_by(broker)._channel is channel


def written_by(broker: RabbitBroker) -> Pipeline:
    outlet = broker._publisher.link.current
    assert outlet is not None
    return outlet.pipeline


async def test_lost_connection_ends_what_waits_at_once(rabbit_site: RabbitSite) -> None:
    """What is under way when the connection breaks does not wait for its time to run out."""
    async with through_proxy(rabbit_site, publish_timeout=60) as (broker, proxy):
        proxy.freeze()
        waiting = [asyncio.create_task(broker.publish(message())) for _ in range(5)]
        await asyncio.sleep(0)
        proxy.cut()
        async with asyncio.timeout(5):
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BrokerUnavailable] * 5
