"""From a webhook to the expense, of single changes at a steady rate; and where that time goes, leg by leg."""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from time import perf_counter
from typing import Any, NamedTuple

from sqlalchemy import text

from bench.figure import Figure, figure, histogram
from bench.running import Running, running
from bench.site import Site

PEOPLE = 100
USERNAME = "user_business_90"
PER_SECOND = 30
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
TARGETS = {"p50": "< 40 ms", "p99": "< 300 ms"}
PATIENCE = 60.0
LEGS = ("answer, RabbitMQ, lease", "sync", "outbox, RabbitMQ", "categorise")
WHOLE = "webhook → expense"

RUNG = text("SELECT correlation_id, rung_at FROM plaid_sync_history WHERE success AND rung_at IS NOT NULL")
POSTED = text("""
    SELECT t.integration_id, e.created_at FROM expenses e JOIN plaid_transactions t ON t.id = e.transaction_id
    ORDER BY e.created_at
""")


class Chain(NamedTuple):
    """When one webhook was read, its sync began and was committed, its decision began and was committed."""

    read: datetime
    sync: datetime
    synced: datetime
    decision: datetime
    decided: datetime

    @property
    def legs(self) -> list[float]:
        """Milliseconds of each leg; clocks of a process and of PostgreSQL may differ by a hair."""
        return [max(0.0, (after - before) / timedelta(milliseconds=1)) for before, after in zip(self, self[1:])]  # noqa: B905, RUF007 - one fewer

    @property
    def whole(self) -> float:
        """Milliseconds from end to end."""
        return (self.decided - self.read) / timedelta(milliseconds=1)


async def measure(site: Site, *, people: int = PEOPLE, seconds: float = 10.0, repetitions: int = 3) -> list[Figure]:
    """Return percentiles of the whole way and of its legs."""
    async with running(site) as system:
        await system.import_(people, USERNAME)
        await system.settled()
        items = await system.witness.items()
        runs = [await run(system, items, seconds) for _ in range(repetitions)]
    return figures_of(runs, f"{PER_SECOND} changes/s of {people} items, all services on these processors")


async def run(system: Running, items: Sequence[str], seconds: float) -> list[Chain]:
    """Let single purchases happen at fixed times, and return the chain of each once every one is an expense."""
    seen = {line["correlation_id"] for line in system.processes.lines("expenses.decided")}
    wanted, began = round(seconds * PER_SECOND), perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, item in zip(range(wanted), cycle(items), strict=False):
            await asyncio.sleep(began + number / PER_SECOND - perf_counter())
            group.create_task(system.bank.add(item))
    await system.witness.settled(PATIENCE)
    chains = await _chains(system)
    return [chain for correlation, chain in chains.items() if correlation not in seen]


async def _chains(system: Running) -> dict[str, Chain]:
    """Follow every webhook by its correlation id; one whose sync another webhook's sync did for it has none."""
    async with system.database.transaction() as session:
        rung = {row.correlation_id: row.rung_at for row in await session.execute(RUNG)}
        posted = _by_item((await session.execute(POSTED)).all())
    decided = {line["correlation_id"]: line for line in system.processes.lines("expenses.decided")}
    return {
        correlation: _chain(line, rung[correlation], decided[correlation], posted[line["integration_id"]])
        for line in system.processes.lines("sync.done")
        if (correlation := line["correlation_id"]) in decided.keys() & rung.keys()
    }


def _chain(synced: dict[str, Any], rung_at: datetime, decided: dict[str, Any], posted: Sequence[datetime]) -> Chain:
    done, end = _at(synced), _at(decided)
    place = bisect_right(posted, end)
    return Chain(rung_at, done - timedelta(milliseconds=synced["milliseconds"]), done, posted[max(0, place - 1)], end)


def _by_item(rows: Iterable[Any]) -> defaultdict[int, list[datetime]]:
    found: defaultdict[int, list[datetime]] = defaultdict(list)
    for item, at in rows:
        found[item].append(at)
    return found


def _at(line: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(line["timestamp"])


def figures_of(runs: Sequence[Sequence[Chain]], remark: str) -> list[Figure]:
    """Return the percentiles of the whole way, then those of each leg."""
    found = list(percentiles(WHOLE, [[chain.whole for chain in run] for run in runs], remark, TARGETS))
    for number, leg in enumerate(LEGS):
        found += percentiles(f"of that: {leg}", [[chain.legs[number] for chain in run] for run in runs], "", {})
    return found


def percentiles(name: str, runs: Sequence[Sequence[float]], remark: str, targets: dict[str, str]) -> Iterable[Figure]:
    """Yield the figures of these runs' single values, in milliseconds, with a histogram of them all."""
    every = histogram([one for run in runs for one in run])
    for percentile, share in PERCENTILES.items():
        values = [_percentile(run, share) for run in runs]
        target = targets.get(percentile, "")
        yield figure(f"{name}, {percentile}", "ms", values, target=target, remark=remark, histogram=every)


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
