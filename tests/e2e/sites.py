"""A whole site: the running processes, their bank, and a witness who looks at both."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common.database import Database
from tests.e2e.bank import Bank, bank
from tests.e2e.nursery import Nursery
from tests.e2e.processes import Processes, processes
from tests.e2e.settled import Witness
from tests.e2e.virtual_hosts import virtual_host
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import Rabbit


@dataclass(frozen=True)
class Site:
    """What a fault test has in hands."""

    running: Processes
    bank: Bank
    witness: Witness
    network: Proxy
    """Between the services and RabbitMQ; the witness looks past it."""


@asynccontextmanager
async def site(
    rabbit: Rabbit,
    database_url: str,
    folder: Path,
    *,
    nursery: Nursery | None = None,
    replicas: Mapping[str, int] | None = None,
) -> AsyncIterator[Site]:
    """Run the system on a migrated database and a virtual host of its own until the block ends."""
    amqp_url = await virtual_host(rabbit)
    parts = urlsplit(amqp_url)
    async with Proxy(parts.hostname or "", parts.port or 5672).running() as network:
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{network.port}").geturl()
        async with (
            processes(database_url, through, folder, nursery=nursery, replicas=replicas) as running,
            bank(running.system.sandbox_url) as its_bank,
        ):
            database = Database(database_url, application_name="witness")
            try:
                yield Site(running, its_bank, Witness(database, rabbit, amqp_url, its_bank), network)
            finally:
                await database.close()
