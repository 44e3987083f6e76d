"""Messages written together are still told apart: large, bad and abandoned ones harm no other."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from common.broker import BrokerUnavailable, Unroutable
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
