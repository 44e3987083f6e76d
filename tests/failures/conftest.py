from collections.abc import AsyncIterator

import pytest

from common.tables.base import metadata
from tests.failures.chain import Chain
from tests.servers.databases import Databases
from tests.sync_worker.bank import bank
from tests.sync_worker.conftest import slow_bank, slow_world
from tests.sync_worker.faults import Watch
from tests.sync_worker.world import World
from tests.sync_worker.world import world as over

__all__ = ["slow_bank", "slow_world"]

KEPT = {"expense_categories", "ops_audit"}
"""What comes with the schema, and what nobody may empty."""
EMPTIED = ", ".join(table for table in metadata.tables if table not in KEPT)


@pytest.fixture(scope="module")
async def shared_world(databases: Databases) -> AsyncIterator[World]:
    """A worker at an eager bank, over a database: one of each for all tests of a file."""
    async with databases.fresh() as url, bank() as served, over(url, served) as made:
        yield made


@pytest.fixture
async def world(shared_world: World) -> AsyncIterator[World]:
    """The file's world as if it were new: no rows, nothing wrong at the bank, nobody watching."""
    yield shared_world
    shared_world.worker.plaid.watch = Watch()
    shared_world.worker.emitted.clear()
    await shared_world.bank.post("/sandbox_control/outages/clear", {})
    await shared_world.bank.post("/sandbox_control/webhooks/faults", {})
    await shared_world.rows(f"TRUNCATE {EMPTIED} CASCADE")


@pytest.fixture
def chain(world: World) -> Chain:
    """A sync_worker and a categorizer at an eager bank."""
    return Chain(world)
