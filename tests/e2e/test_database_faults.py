"""PostgreSQL goes away while banks are imported and webhooks arrive."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from common import migrations
from tests.e2e.nursery import Nursery
from tests.e2e.people import link_whatever_happens
from tests.e2e.sites import Site, site
from tests.servers.rabbitmq import Rabbit
from tests.servers.restartable_postgres import RestartablePostgres, restartable_postgres
from tests.servers.skips import skipping

PAGE_TAKES = 0.5
"""Seconds of a call for a page: long enough to be interrupted in."""


@pytest.fixture(scope="module")
async def linked(
    rabbitmq_server: Rabbit, amqp_url: str, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Site, RestartablePostgres]]:
    """A system on a PostgreSQL of its own, that four users have linked a small bank with."""
    with skipping(), restartable_postgres() as server:
        await migrations.upgrade(server.url)
        async with site(rabbitmq_server, server.url, tmp_path_factory.mktemp("database"), nursery=nursery) as started:
            people = [(number, f"user_business_{40 * number}") for number in range(1, 5)]
            await asyncio.gather(*(link_whatever_happens(started.running.system, *person) for person in people))
            await started.witness.settled()
            yield started, server


async def test_stopped_and_crashed_while_banks_are_imported(linked: tuple[Site, RestartablePostgres]) -> None:
    """PostgreSQL stops, then crashes, in the middle of imports and webhooks: no try is counted, nothing is lost."""
    at, server = linked
    items = await at.witness.items()
    await at.bank.slow_down(PAGE_TAKES)
    for crash, user_id in ((False, 5), (True, 6)):
        await link_whatever_happens(at.running.system, user_id, "user_business_1500")
        await at.witness.imports(user_id)
        await server.stop(crash=crash)
        await asyncio.gather(*(at.bank.stir(item) for _ in range(5) for item in items))
        await asyncio.sleep(2)
        await server.start()
    await at.bank.slow_down(0)
    await at.witness.settled()
    assert all(process.runs for process in at.running.by_name.values())
    assert {doorbell["status"] for doorbell in await at.bank.doorbells()} == {200}
    assert at.running.lines("message.failed") == []
    assert at.running.lines("message.buried") == []
    assert at.running.lines("database.away")
