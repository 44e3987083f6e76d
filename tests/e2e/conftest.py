from collections.abc import AsyncIterator

import pytest

from tests.e2e.nursery import Nursery
from tests.e2e.nursery import nursery as run_nursery


@pytest.fixture(scope="session")
async def nursery() -> AsyncIterator[Nursery]:
    """Where the systems of fault tests get their processes from."""
    async with run_nursery() as running:
        yield running
