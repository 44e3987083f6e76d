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
from bench.site import Site, site

MEASURES: dict[str, Callable[[Site], Awaitable[list[Figure]]]] = {
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
WITHOUT_SERVERS: dict[str, Callable[[], Awaitable[list[Figure]]]] = {"categorizer": categorizer.measure}
NAMES = [*WITHOUT_SERVERS, *MEASURES]


async def measure(names: Sequence[str], console: Console) -> None:
    """Measure these, one after the other, on the same servers if any; print what was found and write it down."""
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        where = await stack.enter_async_context(site()) if MEASURES.keys() & set(names) else None
        for name in names:
            with console.status(f"Measuring {name} ..."):
                figures += await (MEASURES[name](where) if where and name in MEASURES else WITHOUT_SERVERS[name]())
    console.print(report.table(figures))
    console.print(f"Written to {report.write(figures)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures how fast it is.")
    parser.add_argument("name", nargs="*", choices=[[], *NAMES], help="what to measure; all, when left out")
    asyncio.run(measure(parser.parse_args().name or NAMES, Console()))
