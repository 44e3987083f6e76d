import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from common.tables import metadata
from tests.servers.databases import Databases


def drift(connection: Connection) -> Sequence[Any]:
    """Return what autogenerate would still have to migrate."""
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_migrations_build_the_tables(database_url: str) -> None:
    """The migrations and the table definitions describe the same database."""
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        assert await connection.run_sync(drift) == []
    await engine.dispose()


async def migrate(url: str) -> int:
    """Run the command that `make migrate` runs; return its exit code."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "common.migrations", env=dict(os.environ) | {"DATABASE_URL": url}
    )
    async with asyncio.timeout(60):
        return await child.wait()


async def test_migrating_at_once_and_again_is_harmless(databases: Databases) -> None:
    """Several processes may migrate one empty database at the same moment, and again."""
    async with databases.empty() as url:
        assert await asyncio.gather(*(migrate(url) for _ in range(3))) == [0, 0, 0]
        assert await migrate(url) == 0
