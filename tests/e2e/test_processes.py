import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from common.database import Database
from deploy.demo import link, state
from deploy.truth import Comparison, compare, items
from tests.e2e.processes import Processes, processes

PATIENCE = 120.0
SERVICES = ("link_api", "webhook_ingest", "sync_worker", "categorizer")


@pytest.fixture
async def running(database_url: str, amqp_url: str, tmp_path: Path) -> AsyncIterator[Processes]:
    """The four services and the stand-in, each a process."""
    async with processes(database_url, amqp_url, tmp_path) as started:
        yield started


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The system's database, to look at."""
    opened = Database(database_url)
    yield opened
    await opened.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - the condition lives in other processes
            await asyncio.sleep(0.2)


async def complete(database: Database, count: int) -> bool:
    """Return whether so many items have all their history, decided."""
    rows = await state(database)
    return len(rows) == count and all(
        row["stage"] == "HISTORICAL_UPDATE_COMPLETE" and row["settled"] and row["undecided"] == 0 for row in rows
    )


async def truth(running: Processes, database: Database) -> Comparison:
    """Compare PostgreSQL with what the bank knows."""
    async with httpx2.AsyncClient(base_url=running.system.sandbox_url, timeout=60) as sandbox:
        return await compare(database, sandbox, await items(sandbox))


def log_lines(running: Processes, name: str) -> list[dict[str, Any]]:
    """Return a process's log as JSON objects."""
    text = running.by_name[name].log.read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


async def test_linked_banks_become_expenses(running: Processes, database: Database) -> None:
    """Two users link at the same moment; over RabbitMQ every transaction becomes its expense, exactly once."""
    await asyncio.gather(link(running.system, 1, "user_good"), link(running.system, 2, "user_household"))
    await until(lambda: complete(database, 2))
    compared = await truth(running, database)
    assert compared.transactions > 1000
    assert (compared.lost, compared.duplicated) == ([], [])

    said = running.logs()
    for secret in ("access-sandbox-", "public-sandbox-", "link-sandbox-", "the-plaid-secret", "Bearer "):
        assert secret not in said

    webhooks = {line.get("correlation_id") for line in log_lines(running, "webhook_ingest")} - {None}
    syncs = {line.get("correlation_id") for line in log_lines(running, "sync_worker")} - {None}
    expenses = {line.get("correlation_id") for line in log_lines(running, "categorizer")} - {None}
    assert webhooks & syncs & expenses

    codes = [await running.by_name[name].end(signal.SIGTERM) for name in SERVICES]
    assert codes == [0, 0, 0, 0]


async def test_killed_workers_lose_and_double_nothing(running: Processes, database: Database) -> None:
    """Workers killed in the middle of an import of 20,000 are started again, and the result is the bank's truth."""
    await link(running.system, 3, "user_business")

    async def half_way() -> bool:
        rows = await state(database)
        return bool(rows) and rows[0]["transactions"] > 0

    await until(half_way)
    unfinished = []
    for name in ("sync_worker", "categorizer", "categorizer", "sync_worker"):
        await running.by_name[name].end(signal.SIGKILL)
        unfinished.append(not await complete(database, 1))
        await running.by_name[name].start()
        await asyncio.sleep(0.5)
    assert any(unfinished), "nothing was left to interrupt"
    await until(lambda: complete(database, 1))
    compared = await truth(running, database)
    assert compared.transactions == 20_000
    assert (compared.lost, compared.duplicated) == ([], [])
