"""What deciding a transaction costs, beside a search for keywords: processor time, which other work disturbs little."""

import asyncio
import json
import sys

from bench.deciding import Taken
from bench.figure import Figure, figure

BATCHES = 20
"""Of 500 distinct lines, in each repetition."""


async def measure(*, batches: int = BATCHES, repetitions: int = 3) -> list[Figure]:
    """Return the figures of some processes, one after the other."""
    return figures_of([await run(batches) for _ in range(repetitions)])


async def run(batches: int) -> Taken:
    """Decide so many batches in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.deciding", str(batches), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"deciding ended with {process.returncode}")
    return Taken(**json.loads(output))


def figures_of(runs: list[Taken]) -> list[Figure]:
    """Return what these runs took: every batch is a repetition, every single transaction one."""
    ours = [one for run in runs for one in run.us]
    theirs = [one for run in runs for one in run.plain_us]
    remark = "batches of 500 distinct lines; baseline: a search for keywords"
    return [
        figure("categorizer decides a transaction", "µs", ours, theirs, target="≤ 50 µs", remark=remark),
        figure(
            "categorizer decides a single transaction", "ms", [one for run in runs for one in run.ms], target="≤ 5 ms"
        ),
        figure("categorizer loads its tables, model trained", "s", [run.load_s for run in runs], target="< 1 s"),
        figure("categorizer with its tables, resident", "MB", [run.megabytes for run in runs], target="< 150 MB"),
    ]
