import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest
from sqlalchemy import text

from categorizer.main import build
from categorizer.settings import Settings
from common import outbox
from common.broker.memory import MemoryBroker
from common.broker.topology import CATEGORIZE
from common.database import Database
from common.events import Event
from common.outbox import Outbox
from common.runtime import Infrastructure, running, serving
from tests.categorizer.bank import Bank
from tests.categorizer.locks import waits_for_a_lock

SETTINGS = Settings(database_url="postgresql://unused", amqp_url="amqp://unused")


@pytest.fixture
def infrastructure(database: Database) -> Infrastructure:
    broker = MemoryBroker()
    return Infrastructure(database, broker, Outbox(database, broker))


@asynccontextmanager
async def categorizer(infrastructure: Infrastructure) -> AsyncIterator[str]:
    """Run the whole service; yield its address."""
    async with (
        build(SETTINGS, infrastructure) as service,
        running(service.loops),
        serving(service.app, "127.0.0.1", 0) as port,
    ):
        yield f"http://127.0.0.1:{port}"


async def emit(database: Database, event: Event) -> None:
    async with database.transaction() as session:
        await outbox.emit(session, event)


async def left(database: Database) -> int:
    """Return how many events still wait in the outbox, browsers' hints left out."""
    async with database.transaction() as session:
        query = text("SELECT count(*) FROM outbox WHERE routing_key = :key")
        return int((await session.execute(query, {"key": CATEGORIZE.routing_keys[0]})).scalar_one())


async def test_event_to_expense(database: Database, bank: Bank, infrastructure: Infrastructure) -> None:
    """An emitted event becomes an expense, and leaves the outbox once that stands."""
    async with categorizer(infrastructure):
        await emit(database, bank.changed(await bank.add()))
        await infrastructure.outbox.settle(within=10)
    assert (await bank.expense()).auto_category == "meals"
    assert await left(database) == 0


async def test_stopping_finishes_what_is_in_hand(
    database: Database, bank: Bank, infrastructure: Infrastructure
) -> None:
    """A service that is told to stop while it decides stops once the decision stands."""
    service = AsyncExitStack()
    await service.enter_async_context(build(SETTINGS, infrastructure))
    id_ = await bank.add()
    async with database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions FOR UPDATE"))
        await emit(database, bank.changed(id_))
        await waits_for_a_lock(database)
        stopping = asyncio.create_task(service.aclose())
        stopped, _ = await asyncio.wait([stopping], timeout=0.2)
        assert not stopped
    await stopping
    assert (await bank.expense()).transaction_id == id_
    await infrastructure.outbox.settle(within=10)


async def test_probes(database: Database, infrastructure: Infrastructure) -> None:
    """It is ready while PostgreSQL answers, and its metrics name the latency."""
    async with categorizer(infrastructure) as url, httpx2.AsyncClient(base_url=url, timeout=60) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert "webhook_to_expense_seconds_bucket" in (await client.get("/metrics")).text
