from collections.abc import AsyncIterator

import pytest

from tests.plaid_sandbox.receiver import Receiver, receiving
from tests.plaid_sandbox.running import StandIn, running, settings


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    """A stand-in of its own for each test."""
    async with running(settings()) as one:
        yield one


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook receiver of its own for each test."""
    async with receiving() as one:
        yield one
