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
        driver = make_url(server_url).set(drivername="postgresql+asyncpg")
        self._server = create_async_engine(driver, isolation_level="AUTOCOMMIT")

    def _url(self, name: str) -> str:
        return make_url(self._server_url).set(database=name).render_as_string(hide_password=False)

    async def _execute(self, statement: str) -> None:
        async with self._server.connect() as connection:
            await connection.execute(text(statement))

    @asynccontextmanager
    async def template(self) -> AsyncIterator[None]:
        """Hold the migrated template, and the connections that copy it, for as long as databases are copied from it."""
        try:
            await self._execute(f"CREATE DATABASE {self._template}")
            await migrations.upgrade(self._url(self._template))
            yield
        finally:
            await self._execute(f"DROP DATABASE IF EXISTS {self._template} WITH (FORCE)")
            await self._server.dispose()

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
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        try:
            yield self._url(name)
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")
