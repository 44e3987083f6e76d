"""The course of a run: everybody links, then everything happens at once, then it has to come to rest."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http.client import OK
from random import Random
from time import perf_counter

import httpx2
from sqlalchemy import text

from bench.crowd import times
from bench.crowd.evidence import Bells, Cast, Ending, Evidence
from bench.crowd.listeners import listening
from bench.crowd.people import Links, link_everybody
from bench.crowd.plan import Plan
from bench.crowd.postman import ONCE, PLAIDS_PATIENCE, Postman
from bench.crowd.staff import Staff
from bench.crowd.traffic import Traffic
from bench.crowd.watch import watching
from bench.running import Running, running
from bench.site import Site
from tests.e2e.bank import Bank
from tests.e2e.settled import CONVERGED, Witness

Tell = Callable[[str], None]
SEED = 1
IMPORTED = 600.0
"""Seconds at most until what was linked is imported."""
COMPARING = 60.0
"""Seconds more than a single item's, for comparing everybody's rows with the bank's."""
LINE_EVERY = 1.0
STRANGERS = text("SELECT count(*) FROM orphan_items")


async def run(site: Site, plan: Plan, tell: Tell) -> Evidence:
    """Let it all happen on a system of its own and return what there is to judge by."""
    async with running(site) as system:
        began = perf_counter()
        links = await link_everybody(system.processes.system, plan, tell)
        tell("everybody has linked; the imports are compared with the bank")
        await system.witness.settled(IMPORTED)
        return await steady(system, plan, tell, links, perf_counter() - began)


async def steady(system: Running, plan: Plan, tell: Tell, links: Links, imported: float) -> Evidence:
    """Open the streams, let everything happen at once for as long as the plan says, and come to rest."""
    async with listening(system.processes.system, plan.users) as listeners:
        began = await times.now(system.database)
        async with _cast(system, plan) as cast:
            await _act(cast, plan, tell)
        tell("all has happened; everything is compared with the bank")
        await cast.traffic.end()
        ending = await _end(system.witness)
        heard = await listeners.end()
    async with system.database.transaction() as session:
        strangers = int((await session.execute(STRANGERS)).scalar_one())
    return Evidence(
        plan,
        links,
        imported,
        cast,
        heard,
        ending,
        await _bells(system.bank),
        await times.syncs(system.database, began),
        await times.waits(system.database, began, heard.expenses),
        strangers,
    )


@asynccontextmanager
async def _cast(system: Running, plan: Plan) -> AsyncIterator[Cast]:
    """Yield who takes part; the watch looks until the block ends."""
    random = Random(SEED)  # noqa: S311 - examples, no secrets
    items = await system.witness.items()
    url = system.processes.system.ingest_url
    async with (
        httpx2.AsyncClient(base_url=url, timeout=PLAIDS_PATIENCE, limits=ONCE) as ingest,
        watching(system, plan.seconds) as watch,
    ):
        staff = Staff(system.processes, random)
        yield Cast(Traffic(system.bank, items, random), Postman(ingest, items, random), staff, watch)


async def _act(cast: Cast, plan: Plan, tell: Tell) -> None:
    """Let everyone do what they do until the time is over, and tell how it goes."""
    showing = asyncio.create_task(_show(cast, plan, tell))
    try:
        async with asyncio.TaskGroup() as together:
            for one in (cast.traffic, cast.postman, cast.staff):
                together.create_task(one.run(plan))
    finally:
        showing.cancel()


async def _show(cast: Cast, plan: Plan, tell: Tell) -> None:
    began = perf_counter()
    while True:
        tell(
            f"minute {(perf_counter() - began) / 60:.1f} of {plan.seconds / 60:g}: {cast.traffic.made:,} changes,"
            f" {cast.postman.answered:,} of {cast.postman.copies:,} copies taken,"
            f" {cast.postman.taken:,} of {cast.postman.forged:,} forgeries taken,"
            f" {cast.staff.workers} workers, {cast.staff.kills} killed, {cast.watch.waiting:,} waiting"
        )
        await asyncio.sleep(LINE_EVERY)


async def _end(witness: Witness) -> Ending:
    """Wait until everything is as the bank has it, or for as long as that may take."""
    began, left = perf_counter(), ""
    try:
        await witness.settled(CONVERGED + COMPARING)
    except AssertionError as error:
        left = str(error)
    seconds, compared = perf_counter() - began, await witness.compare()
    return Ending(seconds, left, compared.transactions, len(compared.lost), len(compared.duplicated))


async def _bells(bank: Bank) -> Bells:
    attempts = [one for one in (await bank.ask("webhooks"))["deliveries"] if one["forged"] is None]
    return Bells(len(attempts), [str(one["status"] or "no answer") for one in attempts if one["status"] != OK])
