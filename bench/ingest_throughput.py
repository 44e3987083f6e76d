"""Webhooks a second, verified and confirmed by RabbitMQ, beside an endpoint that reads the body and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from bench import cpu, load
from bench.figure import Figure, figure
from bench.requests import signed
from bench.site import Site
from tests.e2e.processes import Process

ITEMS = 200
CONNECTIONS = 64
"""To each process."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run against some processes; `cpu_*` are shares of one processor."""

    answered: int
    per_second: float
    cpu_ms: float
    cpu_generator: float
    cpu_broker: float


async def measure(site: Site, *, seconds: float = 3.0, repetitions: int = 3) -> list[Figure]:
    """Return the figures for one and for two processes."""
    return [found for processes in (1, 2) for found in await of_processes(site, processes, seconds, repetitions)]


async def of_processes(site: Site, number: int, seconds: float, repetitions: int) -> list[Figure]:
    """Measure so many processes of ours and of the baseline in turn."""
    async with site.ingest(number) as ours, site.bare(number) as bare:
        for processes in (ours, bare):
            await run(processes, seconds / 2)
        pairs = [(await run(ours, seconds), await run(bare, seconds)) for _ in range(repetitions)]
    return figures_of(number, pairs)


def figures_of(number: int, pairs: Sequence[tuple[Run, Run]]) -> list[Figure]:
    """Return what runs against so many processes say, each with its baseline's."""
    mine, theirs = zip(*pairs, strict=True)
    of = f"{number} process{'es' if number > 1 else ''}"
    remark = f"of a processor: generator {_mean(mine, 'cpu_generator'):.0%}, RabbitMQ {_mean(mine, 'cpu_broker'):.0%}"
    return [
        figure(
            f"webhook_ingest throughput, {of}",
            "webhooks/s",
            [one.per_second for one in mine],
            [one.per_second for one in theirs],
            target="≥ 1/4 (1/2)",
            remark=remark,
        ),
        figure(
            f"webhook_ingest processor time, {of}",
            "ms/webhook",
            [one.cpu_ms for one in mine],
            [one.cpu_ms for one in theirs],
        ),
    ]


async def run(processes: Sequence[Process], seconds: float) -> Run:
    """Keep every connection busy for so long; raise where a webhook is not taken."""
    order = load.Order(
        ports=[process.port for process in processes],
        requests=signed(f"item{number}" for number in range(ITEMS)),
        seconds=seconds,
        connections=CONNECTIONS * len(processes),
    )
    pids = [process.child.pid for process in processes if process.child is not None]
    broker, used, began = cpu.of_broker(), cpu.seconds(pids), perf_counter()
    result = (await load.run(order)).whole()
    whole = perf_counter() - began
    return Run(
        answered=result.answered,
        per_second=result.answered / result.seconds,
        cpu_ms=1000 * (cpu.seconds(pids) - used) / result.answered,
        cpu_generator=result.cpu_seconds / result.seconds,
        cpu_broker=(cpu.of_broker() - broker) / whole,
    )


def _mean(runs: Sequence[Run], name: str) -> float:
    values: list[float] = [getattr(one, name) for one in runs]
    return sum(values) / len(values)
