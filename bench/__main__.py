"""Measures and prints: `python -m bench`, or the names of some figures after it."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from rich.console import Console

from bench import (
    categorizer,
    changes,
    footprint,
    growth,
    imports,
    ingest_latency,
    ingest_throughput,
    queueing,
    reading,
    report,
    streams,
)
from bench.figure import Figure
from bench.site import site

MEASURES: dict[str, Callable[..., Awaitable[list[Figure]]]] = {
    "imports": imports.measure,
    "growth": growth.measure,
    "changes": changes.measure,
    "ingest_throughput": ingest_throughput.measure,
    "ingest_latency": ingest_latency.measure,
    "queueing": queueing.measure,
    "reading": reading.measure,
    "streams": streams.measure,
    "footprint": footprint.measure,
}
"""Each on servers; those below on none."""
WITHOUT_SERVERS: dict[str, Callable[..., Awaitable[list[Figure]]]] = {"categorizer": categorizer.measure}
NAMES = [*WITHOUT_SERVERS, *MEASURES]
REPETITIONS = 3


async def measure(names: Sequence[str], repetitions: int, console: Console) -> None:
    """Measure these, one after the other, on the same servers if any; print what was found and write it down."""
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        where = [await stack.enter_async_context(site())] if MEASURES.keys() & set(names) else []
        for number, name in enumerate(names, 1):
            with console.status(f"Measuring {name} ({number} of {len(names)}) ..."):
                found = await (
                    MEASURES[name](*where, repetitions=repetitions)
                    if name in MEASURES
                    else WITHOUT_SERVERS[name](repetitions=repetitions)
                )
            console.print(report.table(found))
            figures += found
    console.print(f"Written to {report.write(figures)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures how fast it is.")
    parser.add_argument("name", nargs="*", choices=[[], *NAMES], help="what to measure; all, when left out")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="of each figure (3)")
    given = parser.parse_args()
    asyncio.run(measure(given.name or NAMES, given.repetitions, Console()))
