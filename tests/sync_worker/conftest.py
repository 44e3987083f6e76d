from collections.abc import AsyncIterator

import pytest

from tests.sync_worker.bank import Bank, bank
from tests.sync_worker.world import World
from tests.sync_worker.world import world as over


@pytest.fixture
async def eager_bank() -> AsyncIterator[Bank]:
    """A stand-in where everything happens at once."""
    async with bank() as served:
        yield served


@pytest.fixture
async def slow_bank() -> AsyncIterator[Bank]:
    """A stand-in whose clock must be advanced: 10 s to the first history, 20 s to all of it."""
    async with bank(initial_delay=10, historical_delay=20) as served:
        yield served


@pytest.fixture
async def world(database_url: str, eager_bank: Bank) -> AsyncIterator[World]:
    """A worker at an eager bank."""
    async with over(database_url, eager_bank) as made:
        yield made


@pytest.fixture
async def slow_world(database_url: str, slow_bank: Bank) -> AsyncIterator[World]:
    """A worker at a slow bank."""
    async with over(database_url, slow_bank) as made:
        yield made
