"""webhook_ingest as operators run it: a process of its own between real servers that fail, and nothing beside it."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import text

from common import migrations
from common.broker import Message
from common.broker.rabbit import RabbitBroker
from common.broker.topology import SYNC
from common.database import Database
from common.events import WebhookReceived
from common.runtime import serving
from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings as SandboxSettings
from plaid_sandbox.webhooks.keys import KeyRing
from tests.e2e.processes import Process
from tests.e2e.virtual_hosts import virtual_host
from tests.servers.network import free_port
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import Rabbit
from tests.servers.restartable_postgres import RestartablePostgres
from tests.webhook_ingest.proxy import DatabaseProxy
from tests.webhook_ingest.ringer import Ringer

PATIENCE = 45.0
PREFETCH = 500
COUNT = text("SELECT count(*) FROM outbox")


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; raise TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - what it waits for happens on a server
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Scene:
    """The process, the keys of its Plaid, and the servers behind it with the ways that lead there."""

    ingest: Process
    keys: KeyRing
    rabbit: Rabbit
    amqp_url: str
    to_rabbit: Proxy
    postgres: RestartablePostgres
    to_postgres: DatabaseProxy

    def ringer(self, name: str, per_second: float = 300.0) -> Ringer:
        """Return webhooks that begin with the block."""
        return Ringer(self.ingest.port, self.keys, name, per_second)

    async def metric(self, name: str) -> float:
        """Return what the process counts."""
        async with httpx2.AsyncClient(timeout=60) as client:
            lines = (await client.get(f"http://127.0.0.1:{self.ingest.port}/metrics")).text.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)

    async def circuit(self, *, is_open: bool) -> None:
        """Return when webhooks go straight to the outbox, or to RabbitMQ again; somebody has to ring meanwhile."""

        async def so() -> bool:
            return await self.metric("webhook_broker_circuit_open") == is_open

        await until(so)

    async def effects(self, wanted: set[str]) -> Counter[str]:
        """Return how many events of each item came to sync_worker's queue, once all that are wanted did, or in vain."""
        seen: Counter[str] = Counter()

        async def note(message: Message) -> None:
            seen[WebhookReceived.model_validate_json(message.body).item_id] += 1

        async def all_came() -> bool:
            return wanted <= seen.keys() and await self.outbox() == 0

        broker = RabbitBroker(self.amqp_url)
        await broker.start()
        consumer = await broker.consume(SYNC, note, prefetch=PREFETCH)
        try:
            with suppress(TimeoutError):
                await until(all_came)
        finally:
            await consumer.stop(5)
            await broker.close()
        return seen

    async def outbox(self) -> int:
        """Return how many events wait in PostgreSQL."""
        database = Database(self.postgres.url)
        try:
            async with database.transaction() as session:
                return int((await session.execute(COUNT)).scalar_one())
        finally:
            await database.close()


@asynccontextmanager
async def scene(rabbit: Rabbit, postgres: RestartablePostgres, folder: Path) -> AsyncIterator[Scene]:
    """Run webhook_ingest until the block ends, on a virtual host of its own."""
    await migrations.upgrade(postgres.url)
    amqp_url = await virtual_host(rabbit)
    parts = urlsplit(amqp_url)
    to_postgres, plaid = DatabaseProxy(postgres.url), create_app(SandboxSettings())
    async with (
        Proxy(parts.hostname or "", parts.port or 5672).running() as to_rabbit,
        to_postgres.running(),
        serving(plaid, "127.0.0.1", 0) as plaid_port,
    ):
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{to_rabbit.port}").geturl()
        environment = dict(os.environ) | {
            "HOST": "127.0.0.1",
            "DATABASE_URL": to_postgres.url,
            "AMQP_URL": through,
            "PLAID_CLIENT_ID": "client",
            "PLAID_SECRET": "the-plaid-secret",
            "PLAID_ENV": "sandbox",
            "PLAID_BASE_URL": f"http://127.0.0.1:{plaid_port}",
        }
        ingest = Process("webhook_ingest", free_port(), environment, folder / "webhook_ingest.log")
        await ingest.start()
        try:
            yield Scene(ingest, plaid.state.sandbox.keys, rabbit, amqp_url, to_rabbit, postgres, to_postgres)
        finally:
            to_rabbit.thaw()
            to_postgres.thaw()
            await ingest.end(SIGTERM)
