"""What each service costs before it works, and how far it grows over a large import: import time and memory."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence

from bench import memory
from bench.figure import Figure, figure
from bench.running import Running, running
from bench.site import Site
from tests.e2e.processes import SERVICES

ROWS = 100_000
GROWTH = "grows < 200 MB"
PROGRAM = "import time; began = time.process_time(); import {module}.main; print(time.process_time() - began)"


async def measure(site: Site, *, repetitions: int = 3) -> list[Figure]:
    """Return each service's import time, and its memory idle, and the most of it over an import of so many."""
    times = {module: [await imported(module) for _ in range(repetitions)] for module in SERVICES}
    async with running(site) as system:
        return await of(system, times, ROWS)


async def of(system: Running, times: Mapping[str, Sequence[float]], rows: int) -> list[Figure]:
    """Import one item of so many and return each service's figures."""
    idle = _all(system, memory.resident)
    await system.import_(1, f"user_business_{rows}")
    most = _all(system, memory.most)
    return [one for module in SERVICES for one in figures_of(module, times[module], idle[module], most[module], rows)]


def figures_of(module: str, times: Sequence[float], idle: float, most: float, rows: int) -> list[Figure]:
    """Return what one service costs."""
    remark = f"most it held over an item of {rows:,}; baseline: idle"
    return [
        figure(f"{module}: import time", "s", times, remark="processor time"),
        figure(f"{module}: resident memory", "MB", [most], [idle], target=GROWTH, remark=remark),
    ]


async def imported(module: str) -> float:
    """Return the processor's seconds that a new interpreter takes to import the service."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM.format(module=module), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"importing {module} ended with {process.returncode}")
    return float(output)


def _all(system: Running, of: Callable[[int], float]) -> dict[str, float]:
    return {module: max(of(pid) for pid in system.pids(module)) for module in SERVICES}
