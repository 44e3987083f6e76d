"""RabbitMQ goes away while banks are imported and webhooks arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.e2e.nursery import Nursery
from tests.e2e.people import link_whatever_happens
from tests.e2e.sites import Site, site
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

UNREACHABLE = 30.0
"""Seconds without RabbitMQ."""
EVERY = 0.15
"""Seconds between two things that happen at the banks."""
ANSWERED = 0.999
"""Of the webhooks, at their first attempt."""


@pytest.fixture(scope="module")
async def linked(
    databases: Databases, rabbitmq_server: Rabbit, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """A system that four users have linked a small bank with."""
    async with (
        databases.fresh() as url,
        site(rabbitmq_server, url, tmp_path_factory.mktemp("broker"), nursery=nursery) as started,
    ):
        people = [(number, f"user_business_{40 * number}") for number in range(1, 5)]
        await asyncio.gather(*(link_whatever_happens(started.running.system, *person) for person in people))
        await started.witness.settled()
        yield started


@asynccontextmanager
async def busy(at: Site) -> AsyncIterator[None]:
    """Let things happen at all banks, one after the other, for the length of the block."""
    items = await at.witness.items()

    async def happen() -> None:
        while True:
            for item in items:
                await at.bank.stir(item)
                await asyncio.sleep(EVERY)

    happening = asyncio.create_task(happen())
    try:
        yield
        assert not happening.done(), happening.exception()
    finally:
        happening.cancel()
        await asyncio.gather(happening, return_exceptions=True)


async def test_unreachable_while_webhooks_arrive(linked: Site) -> None:
    """RabbitMQ is silent for 30 s, then cut off: webhooks are answered 200 all the time, and each has its effect."""
    before = {process.module: process.starts for process in linked.running.by_name.values()}
    first = len(await linked.bank.doorbells())
    async with busy(linked):
        linked.network.freeze()
        await asyncio.sleep(UNREACHABLE)
        linked.network.cut()
        linked.network.thaw()
    await linked.witness.settled()
    doorbells = (await linked.bank.doorbells())[first:]
    answered = [doorbell for doorbell in doorbells if doorbell["attempt"] == 1 and doorbell["status"] == 200]
    assert len(doorbells) > 50
    assert len(answered) >= ANSWERED * len(doorbells)
    assert {process.module: process.starts for process in linked.running.by_name.values()} == before
    assert all(process.runs for process in linked.running.by_name.values())


async def test_restarted_while_banks_are_imported(linked: Site, rabbit: Rabbit) -> None:
    """RabbitMQ stops and starts during first imports and among webhooks: nothing is lost, no process starts anew."""
    async with busy(linked):
        people = [(number, f"user_business_{300 * number}") for number in range(5, 9)]
        await asyncio.gather(*(link_whatever_happens(linked.running.system, *person) for person in people))
        await rabbit.stop()
        assert await linked.witness.left_over()
        await asyncio.sleep(1)
        await rabbit.start()
        await asyncio.sleep(1)
    await linked.witness.settled()
    assert len(await linked.witness.items()) == 8
    assert all(process.runs for process in linked.running.by_name.values())
