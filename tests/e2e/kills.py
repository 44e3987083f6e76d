"""Processes killed at random points while banks are imported and webhooks arrive; each starts again at once."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import OK
from pathlib import Path
from random import Random, SystemRandom
from time import monotonic

from sqlalchemy import text

from tests.e2e.nursery import Nursery
from tests.e2e.people import link_whatever_happens
from tests.e2e.processes import SERVICES, Process
from tests.e2e.sites import Site, site
from tests.e2e.takeovers import takeovers, watch_takeovers
from tests.servers.rabbitmq import Rabbit

REPLICAS = {"sync_worker": 2, "categorizer": 2}
"""So that work goes on while one of them starts, which takes longest of all."""
PAUSE = (0.1, 1.0)
"""Seconds between two kills, from and to."""
WORK_COMES = 5.0
"""Seconds at most until a worker that is to die has work in hand: who brings it may just have been killed."""
MOST_USERS = 40
ROWS = (5, 60, 700, 1600)
PAGE_TAKES = 0.5
"""Seconds of a call for a page: long enough to be killed in."""
PLAIDS_PATIENCE = 3600.0
"""Seconds that Plaid would wait before it sends a webhook again whose receiver was dead several times; skipped."""
LINK_EVERY, STIR_EVERY = 1.5, 0.2
IN_HAND = text("""
    SELECT (
            SELECT count(*) FROM plaid_integrations WHERE lease_expires_at > now() + interval '29 seconds'
        ) AS sync_worker,
        (SELECT count(*) FROM plaid_transactions WHERE decided_version < version) AS categorizer
""")


@dataclass
class Toll:
    """What the kills hit: by service, those under whose hands work was waiting, and the links that were cut."""

    kills: Counter[str] = field(default_factory=Counter)
    at_work: Counter[str] = field(default_factory=Counter)
    cut_links: int = 0
    users: int = 0


class Reaper:
    """Kills and starts again; the random numbers decide whom and when."""

    def __init__(self, at: Site, random: Random) -> None:
        self.toll = Toll()
        self._site = at
        self._random = random
        self._starting: dict[Process, asyncio.Task[None]] = {}

    async def kill(self, times: int) -> None:
        """Kill so many processes that were up, one by one; return when the last one answers again."""
        for _ in range(times):
            await asyncio.sleep(self._random.uniform(*PAUSE))
            victim = await self._choose()
            await self._wait_for_work(victim.module)
            await victim.end(signal.SIGKILL)
            self.toll.kills[victim.module] += 1
            self._starting[victim] = asyncio.create_task(victim.start())
        await asyncio.gather(*self._starting.values())

    async def _choose(self) -> Process:
        while True:
            for process, start in list(self._starting.items()):
                if start.done():
                    start.result()
                    del self._starting[process]
            up = [one for service in SERVICES for one in self._site.running.of(service) if one not in self._starting]
            if up:
                return self._random.choice(up)
            await asyncio.wait(self._starting.values(), return_when=asyncio.FIRST_COMPLETED)

    async def _wait_for_work(self, service: str) -> None:
        """Return when workers of this kind have work in hand, of which one may be the victim's; soon in any case."""
        latest = monotonic() + WORK_COMES
        while service in REPLICAS and monotonic() < latest:
            async with self._site.witness.database.transaction() as session:
                in_hand = (await session.execute(IN_HAND)).mappings().one()
            if in_hand[service]:
                self.toll.at_work[service] += 1
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def site_to_kill(rabbit: Rabbit, database_url: str, folder: Path, nursery: Nursery) -> AsyncIterator[Site]:
    """Run a system with two workers of each kind, whose takeovers of leases are noted."""
    async with site(rabbit, database_url, folder, nursery=nursery, replicas=REPLICAS) as started:
        await watch_takeovers(started.witness.database)
        yield started


async def kill_and_converge(at: Site, times: int) -> None:
    """Kill so many processes of a new site; it must converge, and the kills must have hit work of every kind."""
    seed = int(os.environ.get("KILLS_SEED") or SystemRandom().randrange(2**32))
    print(f"KILLS_SEED={seed} kills the same processes in the same order")  # noqa: T201 - pytest shows it on failure
    toll = await kill_at_random(at, seed=seed, times=times)
    await at.witness.settled()
    assert len(await at.witness.items()) == toll.users
    assert toll.kills.total() >= times
    assert set(toll.kills) == set(SERVICES)
    taken_over, too_early = await takeovers(at.witness.database)
    assert too_early == 0, "two workers synced an item at once"
    assert taken_over, "no worker died that held a lease"
    assert toll.at_work["categorizer"], "no categorizer died while it had work"
    assert any(one["status"] != OK for one in await at.bank.doorbells()), "no webhook was cut"


async def kill_at_random(at: Site, *, seed: int, times: int) -> Toll:
    """Kill so many processes of the site while it has its hands full; return once the last one is up again."""
    random = Random(seed)  # noqa: S311 - kills, no secrets
    reaper = Reaper(at, random)

    over = asyncio.Event()

    async def link() -> None:
        while not over.is_set() and reaper.toll.users < MOST_USERS:
            reaper.toll.users += 1
            username = f"user_business_{random.choice(ROWS)}"
            reaper.toll.cut_links += await link_whatever_happens(at.running.system, reaper.toll.users, username)
            await asyncio.sleep(LINK_EVERY)

    async def stir() -> None:
        while not over.is_set():
            for item in await at.witness.items():
                await at.bank.stir(item)
                await asyncio.sleep(STIR_EVERY)
            await asyncio.sleep(STIR_EVERY)

    async def kill() -> None:
        await reaper.kill(times)
        over.set()

    await at.bank.slow_down(PAGE_TAKES)
    async with asyncio.TaskGroup() as together:
        for work in (link, link, link, stir, kill):
            together.create_task(work())
    await at.bank.slow_down(0)
    await at.bank.tell("clock/advance", seconds=PLAIDS_PATIENCE)
    return reaper.toll
