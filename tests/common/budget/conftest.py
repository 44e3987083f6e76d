from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from common.database import Database
from tests.servers.databases import Databases


@pytest.fixture(scope="package")
async def pools(databases: Databases) -> AsyncIterator[list[Database]]:
    """Two processes' pools of one database."""
    async with databases.fresh() as url:
        pools = [Database(url, pool_size=10) for _ in range(2)]
        yield pools
        for pool in pools:
            await pool.close()


@pytest.fixture
async def workers(pools: list[Database]) -> list[Database]:
    """Two processes' pools of one database, in which nothing was called yet."""
    async with pools[0].transaction() as session:
        await session.execute(text("DELETE FROM rate_buckets"))
        await session.execute(text("DELETE FROM plaid_api_usage"))
    return pools
