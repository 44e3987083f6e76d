"""A worker is frozen past its leases: in the middle of one item's page loop, and inside another item's commit."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from common.database import Database
from tests.e2e.nursery import Nursery
from tests.e2e.people import link_whatever_happens
from tests.e2e.processes import Process
from tests.e2e.settled import CONVERGED, LEASE
from tests.e2e.sites import Site, site
from tests.servers.databases import Databases
from tests.servers.network import free_port
from tests.servers.rabbitmq import Rabbit

ROWS = 1400
PAGES = 3
"""Of at most 500: the worker freezes while the last one is on its way."""
ANSWER_TAKES = 14.0
TIMEOUT = 15.0
"""Seconds: no connection of ours waits longer, for a lock or idle in a transaction."""
SLACK = 5.0

WITHDRAWN = 3

READ = text("""
    SELECT count(*) FROM user_events e JOIN plaid_integrations i ON i.user_id = e.user_id
    WHERE i.id = :id AND e.type = 'sync.progress' AND body::jsonb @> '{"done": false, "transactions": 500}'
""")
COMMITTING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'sync_worker' AND wait_event_type = 'Lock'
""")
PATIENTLY = (text("SET LOCAL lock_timeout = '60s'"), text("SET LOCAL statement_timeout = '60s'"))
LOCK = text("SELECT id FROM plaid_transactions WHERE transaction_id = :transaction_id FOR UPDATE")
HELD = text("SELECT count(*) FROM plaid_integrations WHERE lease_expires_at > now()")
SYNCED = text("SELECT count(*) FROM plaid_sync_history WHERE success AND integration_id = :id")
COMMITTED, READING = 1, 2
"""Integrations: one whose commit is under way, one whose pages are read."""


@dataclass(frozen=True)
class Story:
    """What happened."""

    at: Site
    worker: Process
    blocked: float
    """Seconds that somebody else had to wait for the row that the frozen worker was about to write."""
    said: list[dict[str, Any]]
    """What the worker logged once it went on."""


async def count(database: Database, query: TextClause, **values: object) -> int:
    """Return what the query counts."""
    async with database.transaction() as session:
        return int((await session.execute(query, values)).scalar_one())


async def counts(database: Database, query: TextClause, **values: object) -> bool:
    """Return whether the query counts anything."""
    return await count(database, query, **values) > 0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(CONVERGED):
        while not await condition():  # noqa: ASYNC110 - the condition lives in other processes
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
async def story(
    databases: Databases, rabbitmq_server: Rabbit, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Story]:
    """Freeze the only worker with two items in hand, let another one take over, and let it go on."""
    folder = tmp_path_factory.mktemp("frozen")
    async with databases.fresh() as url, site(rabbitmq_server, url, folder, nursery=nursery) as at:
        worker = at.running.by_name["sync_worker"]
        row = await one_bank(at)
        await import_up_to_the_last_page(at, worker)
        reads_until = perf_counter() + ANSWER_TAKES
        await freeze(at, worker, row)
        frozen_at = perf_counter()
        blocked = await wait_for(at.witness.database, row)
        await asyncio.sleep(max(0.0, reads_until - perf_counter()) + 1)
        await change_what_was_read(at)
        await second_worker(at, worker)
        await asyncio.sleep(max(0.0, LEASE - (perf_counter() - frozen_at)))
        await at.witness.settled()
        known = len(worker.lines())
        worker.send(signal.SIGCONT)
        await until(partial(gave_up, worker, known))
        await at.witness.settled()
        yield Story(at, worker, blocked, worker.lines()[known:])


async def one_bank(at: Site) -> str:
    """Link a small bank; return a transaction of it that is here."""
    await link_whatever_happens(at.running.system, COMMITTED, "user_business_20")
    await at.witness.settled()
    row = await at.bank.add((await at.witness.items())[0])
    await at.witness.settled()
    return row


async def import_up_to_the_last_page(at: Site, worker: Process) -> None:
    """Link a larger bank and let the worker read it until only the last page is missing, which takes its time."""
    await worker.end(signal.SIGTERM)
    await link_whatever_happens(at.running.system, READING, f"user_business_{ROWS}")
    (_, item) = await at.witness.items()
    await until(partial(is_complete, at, item))
    await at.bank.hold_page(item, PAGES, ANSWER_TAKES)
    await worker.start()
    await until(partial(counts, at.witness.database, READ, id=READING))


async def is_complete(at: Site, item: str) -> bool:
    """Return whether the bank has told Plaid all of this item."""
    stage: str = (await at.bank.ask(f"items/{item}/truth"))["transactions_update_status"]
    return stage == "HISTORICAL_UPDATE_COMPLETE"


async def freeze(at: Site, worker: Process, row: str) -> None:
    """Stop the worker where one item's commit waits for this row, and another's last page is still on its way."""
    database, (item, _) = at.witness.database, await at.witness.items()
    async with database.transaction() as session:
        await session.execute(LOCK, {"transaction_id": row})
        await at.bank.tell(f"items/{item}/transactions/edit", transaction_id=row, amount=99.5)
        await until(partial(counts, database, COMMITTING))
        worker.send(signal.SIGSTOP)
    assert await count(database, HELD) == 2


async def wait_for(database: Database, row: str) -> float:
    """Return the seconds until the row can be written by others."""
    began = perf_counter()
    async with database.transaction() as session:
        for setting in PATIENTLY:
            await session.execute(setting)
        await session.execute(LOCK, {"transaction_id": row})
    return perf_counter() - began


async def change_what_was_read(at: Site) -> None:
    """Let the bank take back what the frozen worker has in its memory."""
    item = (await at.witness.items())[1]
    rows = (await at.bank.ask(f"items/{item}/truth"))["transactions"]
    gone = [row["transaction_id"] for row in rows[:WITHDRAWN]]
    await at.bank.tell(f"items/{item}/transactions/withdraw", transaction_ids=gone)


async def second_worker(at: Site, first: Process) -> None:
    """Start another worker."""
    log = first.log.with_name("sync_worker_2.log")
    second = Process(first.module, free_port(), first.environment, log, first.nursery)
    at.running.by_name["sync_worker_2"] = second
    await second.start()


async def gave_up(worker: Process, known: int) -> bool:
    """Return whether the worker has said since that it lost a lease."""
    lost = (line for line in worker.lines()[known:] if line["event"] == "sync.lease_lost")
    return any(line["integration_id"] == READING for line in lost)


async def test_in_the_middle_of_a_page_loop(story: Story) -> None:
    """The frozen worker cannot commit what it had read: no row, no success in the history, and the truth holds."""
    mine = [line for line in story.said if line.get("integration_id") == READING]
    lost = {line["message_id"] for line in mine if line["event"] == "sync.lease_lost"}
    assert lost
    assert not lost & {line["message_id"] for line in mine if line["event"] == "sync.done"}
    done = [line for line in story.at.running.lines("sync.done") if line["integration_id"] == READING]
    assert await count(story.at.witness.database, SYNCED, id=READING) == len(done)
    assert (await story.at.witness.compare()).equal


async def test_inside_a_commit(story: Story) -> None:
    """A worker frozen inside its transaction holds its rows for no longer than the timeout; then others write them."""
    assert TIMEOUT / 2 < story.blocked < TIMEOUT + SLACK
    assert await story.at.witness.left_over() == {}
