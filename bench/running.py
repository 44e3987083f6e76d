"""Our whole system on real servers, at work for figures: people who link, and workers that wait for their signal."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from sqlalchemy import TextClause, text

from bench import cpu
from bench.site import Site
from common.database import Database
from common.runtime import NICENESS
from tests.e2e.bank import Bank, bank
from tests.e2e.people import link_whatever_happens
from tests.e2e.processes import SERVICES, STAND_IN, Processes, processes
from tests.e2e.settled import Witness
from tests.e2e.virtual_hosts import virtual_host

LINKING = 8
"""People who link at the same moment."""
GLANCE = 0.02
PATIENCE = 1_800.0
"""Seconds until the largest import is done."""
READ = "HISTORICAL_UPDATE_COMPLETE"

STORED = text("""
    SELECT count(*) FILTER (
        WHERE transactions_update_status = 'HISTORICAL_UPDATE_COMPLETE' AND processed_seq = requested_seq
            AND requested_seq > 0
    ) FROM plaid_integrations
""")
DECIDED = text("SELECT NOT EXISTS (SELECT FROM plaid_transactions WHERE decided_version < version)")
ROWS = text("SELECT count(*) FROM plaid_transactions")


@dataclass(frozen=True, slots=True)
class Import:
    """One import, from the moment the workers could begin: seconds until rows and until expenses were committed.

    `shares` are what each process used meanwhile, of one processor.
    """

    transactions: int
    stored: float
    decided: float
    shares: dict[str, float]
    users: range


class Running:
    """The running system; `site` is where it runs."""

    def __init__(self, processes: Processes, database: Database, its_bank: Bank, witness: Witness) -> None:
        self.processes = processes
        self.database = database
        self.bank = its_bank
        self.witness = witness
        self._linked = 0

    async def link(self, people: int, username: str) -> range:
        """Let so many new users link a bank each, some at the same moment; return who."""
        users = range(self._linked + 1, self._linked + people + 1)
        self._linked += people
        turn = asyncio.Semaphore(LINKING)

        async def link(user_id: int) -> None:
            async with turn:
                await link_whatever_happens(self.processes.system, user_id, username)

        await asyncio.gather(*map(link, users))
        return users

    async def import_(self, people: int, username: str, *, apart: bool = False) -> Import:
        """Have banks linked while the workers stand still, then let them go; apart: the categorizer after the syncs."""
        rows = await self._count(ROWS)
        self._signal(signal.SIGSTOP, "sync_worker", "categorizer")
        try:
            users = await self.link(people, username)
            await self._read()
            used, began = self._used(), perf_counter()
            self._signal(signal.SIGCONT, "sync_worker", *(() if apart else ("categorizer",)))
            await self._until(STORED, self._linked)
            stored = perf_counter() - began
        finally:
            self._signal(signal.SIGCONT, "sync_worker", "categorizer")
        await self._until(DECIDED, 1)
        decided = perf_counter() - began
        after = self._used()
        shares = {name: cpu.between(used[name], after[name]) / decided for name in used}
        return Import(await self._count(ROWS) - rows, stored, decided, shares, users)

    async def settled(self) -> None:
        """Return when nothing is left to do and all is as the bank has it."""
        await self.witness.settled(PATIENCE)

    def pids(self, module: str) -> list[int]:
        """Return the processes of a service."""
        return [process.child.pid for process in self.processes.of(module) if process.child is not None]

    def _signal(self, number: signal.Signals, *modules: str) -> None:
        for module in modules:
            for pid in self.pids(module):
                os.kill(pid, number)

    async def _read(self) -> None:
        """Return when the stand-in has read all history of all items."""
        async with asyncio.timeout(PATIENCE):
            while not all(  # noqa: ASYNC110 - another process
                item["transactions_update_status"] == READ for item in (await self.bank.ask("items"))["items"]
            ):
                await asyncio.sleep(GLANCE)

    async def _until(self, question: TextClause, answer: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self._count(question) < answer:  # noqa: ASYNC110 - as above
                await asyncio.sleep(GLANCE)

    async def _count(self, question: TextClause) -> int:
        async with self.database.transaction() as session:
            return int((await session.execute(question)).scalar_one())

    def _used(self) -> dict[str, dict[int, float]]:
        used = {name: cpu.each(self.pids(name)) for name in (STAND_IN, *SERVICES)}
        return used | {"PostgreSQL": cpu.called(cpu.DATABASE), "RabbitMQ": cpu.called(cpu.BROKER)}


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Running]:
    """Run the system on a database and a virtual host of its own; the stand-in gives way, as our workers do."""
    amqp_url = await virtual_host(site.rabbit)
    async with (
        site.databases.fresh() as url,
        processes(url, amqp_url, site.folder) as started,
        bank(started.system.sandbox_url) as its_bank,
    ):
        database = Database(url, application_name="bench")
        try:
            made = Running(started, database, its_bank, Witness(database, site.rabbit, amqp_url, its_bank))
            for pid in made.pids(STAND_IN):
                os.setpriority(os.PRIO_PROCESS, pid, NICENESS)  # Plaid's own processors are elsewhere
            yield made
        finally:
            await database.close()
