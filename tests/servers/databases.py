"""Databases of their own for tests: copied from a template that the migrations built once per session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from common import migrations


class Databases:
    """Makes and drops databases on one server."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._template = f"cora_template_{uuid4().hex[:12]}"

    def _url(self, name: str) -> str:
        return make_url(self._server_url).set(database=name).render_as_string(hide_password=False)

    async def _execute(self, statement: str) -> None:
        driver = make_url(self._server_url).set(drivername="postgresql+asyncpg")
        engine = create_async_engine(driver, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def template(self) -> AsyncIterator[None]:
        """Hold the migrated template for as long as databases are copied from it."""
        await self._execute(f"CREATE DATABASE {self._template}")
        try:
            await migrations.upgrade(self._url(self._template))
            yield
        finally:
            await self._execute(f"DROP DATABASE {self._template} WITH (FORCE)")

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """Yield the URL of a new database that no migration has seen; it is dropped afterwards."""
        name = f"cora_test_{uuid4().hex[:12]}"
        await self._execute(f"CREATE DATABASE {name}")
        try:
            yield self._url(name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        """Yield the URL of a new database with today's schema and no rows of ours; it is dropped afterwards."""
        name = f"cora_test_{uuid4().hex[:12]}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        try:
            yield self._url(name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")
