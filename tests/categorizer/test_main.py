import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import text

from categorizer.main import build
from categorizer.settings import Settings
from common import outbox
from common.broker.memory import MemoryBroker
from common.broker.topology import CATEGORIZE
from common.database import Database
from common.events import Event, ExpenseCorrected
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


async def test_an_answer_reaches_open_questions(database: Database, bank: Bank, infrastructure: Infrastructure) -> None:
    """What a user answers comes by the queue of answers, and the merchant's open questions by the other one."""
    unheard_of = {"name": "ZORBLAX HOLDINGS", "merchant_name": None, "pfc_primary": None, "pfc_detailed": None}
    first, second = await bank.add_many([unheard_of] * 2)
    async with categorizer(infrastructure):
        await emit(database, bank.changed(first, second))
        await infrastructure.outbox.settle(within=10)
        await bank.decide(first, user_category_id="travel", answered_at=datetime.now(UTC))
        [answered, question] = await bank.expenses()
        assert question.needs_review
        await emit(database, ExpenseCorrected(user_id=bank.user_id, expense_ids=[answered.id]))
        await infrastructure.outbox.settle(within=10)
    [_, decided] = await bank.expenses()
    assert (decided.transaction_id, decided.auto_category, decided.needs_review) == (second, "travel", False)


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
