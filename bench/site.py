"""Where figures are measured: real servers, found as the tests find theirs, and our processes on them."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from deploy.embedded import HOST
from tests.e2e.processes import Process
from tests.e2e.virtual_hosts import virtual_host
from tests.servers.databases import Databases
from tests.servers.network import free_port
from tests.servers.postgres import postgres
from tests.servers.rabbitmq import Rabbit, rabbitmq


@dataclass(frozen=True, slots=True)
class Site:
    """Real servers, and a folder for what the processes say."""

    databases: Databases
    rabbit: Rabbit
    folder: Path

    @asynccontextmanager
    async def process(self, module: str, name: str, **environment: str) -> AsyncIterator[Process]:
        """Run `python -m module` on a port of its own until the block ends."""
        port = free_port()
        process = Process(module, port, dict(os.environ) | {"HOST": HOST} | environment, self.folder / f"{name}.log")
        try:
            await process.start()
            yield process
        finally:
            if process.child is not None:
                await process.end(SIGTERM)

    @asynccontextmanager
    async def ingest(self, number: int) -> AsyncIterator[list[Process]]:
        """Run so many processes of webhook_ingest, on a database and a virtual host of their own, beside nobody."""
        async with AsyncExitStack() as stack:
            stand_in = await stack.enter_async_context(self.process("plaid_sandbox", "plaid_sandbox"))
            environment = {
                "DATABASE_URL": await stack.enter_async_context(self.databases.fresh()),
                "AMQP_URL": await virtual_host(self.rabbit),
                "PLAID_CLIENT_ID": "client",
                "PLAID_SECRET": "secret",
                "PLAID_ENV": "sandbox",
                "PLAID_BASE_URL": f"http://{HOST}:{stand_in.port}",
            }
            yield [
                await stack.enter_async_context(self.process("webhook_ingest", f"webhook_ingest_{n}", **environment))
                for n in range(number)
            ]

    @asynccontextmanager
    async def bare(self, number: int) -> AsyncIterator[list[Process]]:
        """Run so many processes of the bare endpoint."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.process("bench.bare", f"bare_{n}")) for n in range(number)]


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """Start the servers; stop them at the end."""
    with postgres() as database, rabbitmq() as rabbit, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        databases = Databases(database.url)
        async with databases.template():
            yield Site(databases, rabbit, Path(folder))
