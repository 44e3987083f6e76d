"""Services killed with SIGKILL: at random points, 50 times in all (`make load`: 200), and in the worst moments."""

import asyncio
import signal
from collections.abc import AsyncIterator

import httpx2
import pytest

from deploy.demo import link
from tests.e2e.kills import kill_and_converge, site_to_kill
from tests.e2e.nursery import Nursery
from tests.e2e.people import integrations, link_whatever_happens
from tests.e2e.sites import Site
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

KILLS = 50
USER = 1_000
SLOW = 1.5
"""Seconds of the stand-in's answer during which link_api dies."""


@pytest.fixture(scope="module")
async def at(
    databases: Databases, rabbitmq_server: Rabbit, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """A system with two workers of each kind, whose takeovers of leases are noted."""
    async with (
        databases.fresh() as url,
        site_to_kill(rabbitmq_server, url, tmp_path_factory.mktemp("kills"), nursery) as started,
    ):
        yield started


async def test_killed_at_random(at: Site) -> None:
    """Whoever dies wherever, nothing is lost or doubled, and no item is ever synced by two at once."""
    await kill_and_converge(at, KILLS)


@pytest.mark.parametrize(
    ("path", "left"), [("/item/public_token/exchange", 0), ("/accounts/get", 1)], ids=["not stored", "stored"]
)
async def test_a_cut_exchange(at: Site, path: str, left: int) -> None:
    """link_api dies inside an exchange: nothing or one integration is left, and begun anew it is one."""
    system, user_id = at.running.system, USER + left
    await at.bank.tell("outages", path=path, delay=SLOW)
    cut = asyncio.create_task(link(system, user_id, "user_business_30"))
    while (await at.bank.ask("outages"))["outages"]:  # until the call has come
        assert not cut.done()
        await asyncio.sleep(0.02)
    await at.running.by_name["link_api"].end(signal.SIGKILL)
    with pytest.raises(httpx2.TransportError):
        await cut
    await asyncio.sleep(SLOW)
    await at.running.by_name["link_api"].start()
    assert len(await integrations(system, user_id)) == left
    await link_whatever_happens(system, user_id, "user_business_30", cuts=1)
    assert len(await integrations(system, user_id)) == 1
    await at.witness.settled()
