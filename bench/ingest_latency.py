"""How long Plaid waits for its 200 at a steady rate, while everything that a webhook leads to takes its share."""

import asyncio
import os
from collections.abc import Iterable

from bench import load
from bench.figure import Figure, figure
from bench.requests import signed
from bench.site import Site
from common.database import Database
from common.runtime import NICENESS
from tests.e2e.bank import bank
from tests.e2e.people import link_whatever_happens
from tests.e2e.processes import Process, Processes, processes
from tests.e2e.settled import Witness
from tests.e2e.virtual_hosts import virtual_host

PEOPLE = 100
LINKING = 8
"""People who link at the same moment."""
USERNAME = "user_transactions_dynamic"
PER_SECOND = 200
CONNECTIONS = 32
PATIENCE = 120.0
"""Seconds until every import is done."""
SHARES = {"p50": (0.5, ""), "p95": (0.95, ""), "p99": (0.99, "< 25 ms")}


async def measure(site: Site, *, people: int = PEOPLE, seconds: float = 8.0, repetitions: int = 3) -> list[Figure]:
    """Return percentiles of the time from when a webhook was due to its answer, all services running beside."""
    amqp_url = await virtual_host(site.rabbit)
    async with site.databases.fresh() as url, processes(url, amqp_url, site.folder) as running:
        _elsewhere(running.of("plaid_sandbox"))
        async with bank(running.system.sandbox_url) as its_bank:
            database = Database(url, application_name="bench")
            try:
                witness = Witness(database, site.rabbit, amqp_url, its_bank)
                await _link(running, people)
                await witness.settled(PATIENCE)
                items = await witness.items()
            finally:
                await database.close()
        results = [await run(running, items, seconds) for _ in range(repetitions)]
    remark = f"{PER_SECOND} webhooks/s of {people} items, all services beside"
    return [
        figure(
            f"webhook_ingest answers, {name}",
            "ms",
            [1000 * result.percentile(share) for result in results],
            target=target,
            remark=remark,
        )
        for name, (share, target) in SHARES.items()
    ]


async def run(running: Processes, items: list[str], seconds: float) -> load.Result:
    """Let every item ring in turn; raise where a webhook is not taken."""
    order = load.Order(
        ports=[process.port for process in running.of("webhook_ingest")],
        requests=signed(items),
        seconds=seconds,
        connections=CONNECTIONS,
        per_second=PER_SECOND,
    )
    return (await load.run(order)).whole()


def _elsewhere(stand_in: Iterable[Process]) -> None:
    """Let the stand-in give way, as our workers do: Plaid's own processors are elsewhere."""
    for process in stand_in:
        if process.child is not None:
            os.setpriority(os.PRIO_PROCESS, process.child.pid, NICENESS)


async def _link(running: Processes, people: int) -> None:
    turn = asyncio.Semaphore(LINKING)

    async def link(user_id: int) -> None:
        async with turn:
            await link_whatever_happens(running.system, user_id, USERNAME)

    await asyncio.gather(*map(link, range(1, people + 1)))
