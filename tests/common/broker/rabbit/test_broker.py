import asyncio
import time

import pytest

from common.broker import BrokerUnavailable
from common.broker.rabbit import RabbitBroker
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.rabbit.proxied import ON_ONE_SERVER, publish_until_confirmed, through_proxy
from tests.common.broker.site import FIRST, PATIENCE, QUEUES, Mailbox, eventually, message, poison
from tests.servers.rabbitmq import Rabbit


@ON_ONE_SERVER
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


@ON_ONE_SERVER
async def test_publish_is_bounded_by_its_timeout(rabbit_site: RabbitSite) -> None:
    """Where the broker does not answer, publish raises BrokerUnavailable in time, and publishing works again later."""
    async with through_proxy(rabbit_site, publish_timeout=0.3) as (broker, proxy):
        proxy.freeze()
        began = time.monotonic()
        outcomes = await asyncio.gather(*(broker.publish(message()) for _ in range(50)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {BrokerUnavailable}
        assert time.monotonic() - began < 50 * 0.3 / 2  # all at once, not one after the other
        proxy.thaw()
        await asyncio.wait_for(publish_until_confirmed(broker, message()), PATIENCE)


@ON_ONE_SERVER
@pytest.mark.parametrize("end", ["cut", "close"])
async def test_lost_connection_ends_every_publish_under_way(rabbit_site: RabbitSite, end: str) -> None:
    """Publishers whose confirmation can no longer come see BrokerUnavailable at once, never a cancellation."""
    async with through_proxy(rabbit_site, publish_timeout=PATIENCE) as (broker, proxy):
        proxy.freeze()
        publishing = [asyncio.create_task(broker.publish(message())) for _ in range(50)]
        await asyncio.wait(publishing, timeout=0.2)
        if end == "cut":
            proxy.cut()
        else:
            await broker.close()
        outcomes = await asyncio.wait_for(asyncio.gather(*publishing, return_exceptions=True), PATIENCE / 2)
        assert {type(outcome) for outcome in outcomes} == {BrokerUnavailable}


async def test_reading_the_dead_does_not_wear_them_out(rabbit_site: RabbitSite) -> None:
    """However often operators look, a dead letter stays (RabbitMQ 4 would drop it after 20 deliveries)."""
    broker = await rabbit_site.open()
    consumer = await broker.consume(FIRST, Mailbox(poison), prefetch=1)
    await broker.publish(message())

    async def is_there() -> bool:
        return len(await broker.dead(FIRST)) == 1

    for _ in range(25):
        await eventually(is_there)
    await consumer.stop(grace=1)
