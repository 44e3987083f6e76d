import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import cast
from uuid import uuid4

import aio_pika
import pytest

from common.broker import Broker, Message
from common.broker.memory import MemoryBroker
from common.broker.rabbit import RabbitBroker
from common.broker.rabbit.declaration import Names, arguments
from tests.common.broker.site import PATIENCE, QUEUES, Site
from tests.conftest import ORIGINS
from tests.servers.rabbitmq import Rabbit, of_distribution
from tests.servers.skips import skipping

SERVERS = ("rabbitmq_server", "distribution_server")


class Posts:
    """Publishes under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, broker: Broker, message: Message) -> asyncio.Task[None]:
        task = asyncio.create_task(broker.publish(message))
        self._tasks.add(task)
        return task

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class MemorySite(Posts):
    """The in-process broker is its own server: every process is this one."""

    def __init__(self) -> None:
        super().__init__()
        self._broker = MemoryBroker(QUEUES)

    async def open(self) -> MemoryBroker:
        return self._broker

    async def close(self) -> None:
        await self._broker.close()
        await self.end()


class RabbitSite(Posts):
    """Names of its own on a shared RabbitMQ, swept away at the end.

    Not so where the test restarts the server: RabbitMQ 4 deletes a queue that dead-letters at least once badly while it
    starts, and no such queue works any more (rabbitmq-server issue 16652).
    """

    def __init__(self, url: str, *, sweep: bool = True) -> None:
        super().__init__()
        self.url = url
        self._sweep = sweep
        self.prefix = f"t{uuid4().hex[:8]}."
        self._brokers: list[RabbitBroker] = []

    async def open(self) -> RabbitBroker:
        broker = RabbitBroker(self.url, prefix=self.prefix, queues=QUEUES)
        self._brokers.append(broker)
        await broker.start()
        await asyncio.wait_for(broker.connected(), PATIENCE)
        return broker

    async def close(self) -> None:
        await self.end()
        for broker in self._brokers:
            await broker.close()
        if self._sweep:
            await self._delete_all()

    async def _delete_all(self) -> None:
        names = Names(self.prefix)
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            for name in (name for queue in QUEUES for name in arguments(names, queue)):
                await channel.queue_delete(name)
            await channel.exchange_delete(names.exchange)


@pytest.fixture(scope="session")
def distribution_server(pytestconfig: pytest.Config) -> Iterator[Rabbit]:
    """The distribution's RabbitMQ, as a rule an older one than `rabbitmq_server`."""
    with skipping(), of_distribution() as server:
        pytestconfig.stash[ORIGINS].append(f"RabbitMQ: {server.origin}")
        yield server


def _server(request: pytest.FixtureRequest) -> Rabbit:
    return cast("Rabbit", request.getfixturevalue(request.param))


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Rabbit:
    """Each RabbitMQ in turn: what we promise holds on all of them."""
    return _server(request)


@pytest.fixture
def amqp_url(server: Rabbit) -> str:
    return server.url


@pytest.fixture
async def rabbit(server: Rabbit) -> AsyncIterator[Rabbit]:
    """The same one, which the test may stop and start; it runs again afterwards."""
    with skipping():
        server.commands()
    yield server
    if not server.answers():
        await server.start()


@pytest.fixture
async def rabbit_site(request: pytest.FixtureRequest, amqp_url: str) -> AsyncIterator[RabbitSite]:
    site = RabbitSite(amqp_url, sweep="rabbit" not in request.fixturenames)
    yield site
    await site.close()


@pytest.fixture(params=["memory", *(pytest.param(server, marks=pytest.mark.slow) for server in SERVERS)])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Each implementation in turn, on each server: the contract holds for all."""
    found = MemorySite() if request.param == "memory" else RabbitSite(_server(request).url)
    yield found
    await found.close()


@pytest.fixture
async def broker(site: Site) -> Broker:
    return await site.open()
