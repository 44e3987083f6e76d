"""Three RabbitMQ nodes: one may die at any moment, and two gone are told as an outage, never as success."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from common.broker import Broker, BrokerUnavailable, Message, Poison
from tests.common.broker.conftest import RabbitSite
from tests.common.broker.rabbit.proxied import publish_until_confirmed
from tests.common.broker.site import FIRST, Mailbox, message
from tests.compose.cluster import Cluster, cluster, service_of
from tests.compose.stack import Failed
from tests.servers.skips import skipping

pytestmark = pytest.mark.slow

PATIENCE = 90.0
"""Seconds; the machine may be busy starting other tests' containers."""
GAP = 30.0
"""Seconds without a confirm that losing a node may cost; it is about five on a machine with nothing else to do."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with skipping(), cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - what it waits for happens on servers
            await asyncio.sleep(0.2)


@asynccontextmanager
async def opened(nodes: Cluster) -> AsyncIterator[tuple[RabbitSite, Broker]]:
    async with nodes.reached() as url:
        site = RabbitSite(url, sweep=False)
        try:
            async with asyncio.timeout(PATIENCE):
                broker = await site.open()
            yield site, broker
        finally:
            await site.close()


async def is_on(nodes: Cluster, site: RabbitSite, number: int) -> bool:
    """Whether each of our queues has a running member on this many nodes."""
    try:
        queues = await nodes.queues(site.prefix)
    except Failed:  # nodes on their way up or down do not answer
        return False
    return {len(queue["online"]) for queue in queues.values()} == {number}


class Traffic:
    """Publishes until it is told to stop; every tenth message fails once, every 50th is poison."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._over = False
        self.confirmed: dict[UUID, int] = {}
        self.handled: set[UUID] = set()
        self._numbers = iter(range(1_000_000))

    async def handle(self, message: Message) -> None:
        number = int(message.body)
        if number % 50 == 0:
            raise Poison("every 50th")
        if number % 10 == 0 and message.attempt == 1:
            raise RuntimeError("every tenth, once")
        self.handled.add(message.id)

    async def publish(self) -> None:
        while not self._over:
            number = next(self._numbers)
            sent = message(body=str(number).encode())
            await publish_until_confirmed(self._broker, sent)
            self.confirmed[sent.id] = number
            await asyncio.sleep(0.1)

    async def grow(self, by: int) -> None:
        """Return when so many more messages were confirmed."""
        aim = len(self.confirmed) + by
        await eventually(lambda: asyncio.sleep(0, len(self.confirmed) >= aim))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        publishers = [asyncio.create_task(self.publish()) for _ in range(5)]
        try:
            yield
        finally:
            self._over = True
        await asyncio.gather(*publishers)

    async def is_done(self, confirmed: Mapping[UUID, int]) -> bool:
        """Whether each of these was handled or, the poison, buried."""
        try:
            buried = {letter.message.id for letter in await self._broker.dead(FIRST)}
        except BrokerUnavailable:
            return False
        return all(one in (buried if number % 50 == 0 else self.handled) for one, number in confirmed.items())


async def test_killed_leader_costs_seconds_and_nothing_confirmed(nodes: Cluster) -> None:
    """Without the work queue's leader publishing goes on and all is handled, waiting rooms and dead letters included.

    A node that comes and has no member of our queues gets one of each by itself, also of those older than itself.
    """
    await nodes.up(wait=True)
    async with opened(nodes) as (site, broker):
        traffic = Traffic(broker)
        consumer = await broker.consume(FIRST, traffic.handle, prefetch=20)
        async with traffic.running():
            await traffic.grow(by=100)
            queues = await nodes.queues(site.prefix)
            lost = str(queues[f"{site.prefix}{FIRST.name}"]["leader"])
            await nodes.kill(service_of(lost))
            began = time.monotonic()
            await traffic.grow(by=100)
            assert time.monotonic() - began < GAP
            without_it = dict(traffic.confirmed)
            await eventually(lambda: traffic.is_done(without_it))
            await nodes.forget_members_on(lost)
            await nodes.up()
            await eventually(lambda: is_on(nodes, site, 3))
            await traffic.grow(by=100)
        await eventually(lambda: traffic.is_done(traffic.confirmed))
        await consumer.stop(grace=5)


async def test_minority_confirms_nothing_and_recovers(nodes: Cluster) -> None:
    """With two of three nodes gone every publish ends in BrokerUnavailable; once back they catch up."""
    await nodes.up(wait=True)
    async with opened(nodes) as (site, broker):
        confirmed = [message() for _ in range(20)]
        for one in confirmed:
            await publish_until_confirmed(broker, one)
        await nodes.kill("rabbitmq2", "rabbitmq3")
        for _ in range(5):
            with pytest.raises(BrokerUnavailable):
                await broker.publish(message())
            await asyncio.sleep(0.2)
        await nodes.up()
        last = message()
        await asyncio.wait_for(publish_until_confirmed(broker, last), PATIENCE)
        mailbox = Mailbox()
        consumer = await broker.consume(FIRST, mailbox, prefetch=20)
        expected = {one.id for one in (*confirmed, last)}
        await eventually(lambda: asyncio.sleep(0, expected <= {one.id for one in mailbox.seen}))
        await consumer.stop(grace=5)
        await eventually(lambda: is_on(nodes, site, 3))
