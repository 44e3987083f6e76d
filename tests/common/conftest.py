from collections.abc import AsyncIterator

import pytest

from common.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A real database of this test alone."""
    database = Database(database_url)
    yield database
    await database.close()
