"""What a transaction costs as work grows: the whole way, import after import of one item each, or of a few."""

import os
from collections.abc import Sequence

from bench.figure import Figure, figure
from bench.imports import WARM_UP
from bench.running import Running, running
from bench.site import Site

SIZES = (1_000, 10_000, 100_000)
LARGER = "BENCH_GROWTH"
"""Sizes beside the usual ones, such as 1000000."""
OF_ONE = 200_000
"""What the stand-in makes of one item at most; more is of several."""


async def measure(site: Site, *, repetitions: int = 3) -> list[Figure]:
    """Return the time per transaction at each size, beside the smallest's; the largest are taken once."""
    wanted = sorted((*SIZES, *map(int, os.environ.get(LARGER, "").split())))
    async with running(site) as system:
        await system.import_(1, WARM_UP)
        return await of(system, wanted, repetitions)


async def of(system: Running, sizes: Sequence[int], repetitions: int) -> list[Figure]:
    """Import so many transactions at once, one size after the other."""
    first: list[float] = []
    found: list[Figure] = []
    for size in sizes:
        times = 1 if size >= SIZES[-1] else repetitions
        items = -(-size // OF_ONE)
        done = [await system.import_(items, f"user_business_{size // items}") for _ in range(times)]
        each = [1e6 * one.decided / one.transactions for one in done]
        first = first or each
        remark = "baseline: the smallest size"
        name = f"import of {size:,} transactions"
        found.append(figure(name, "µs/transaction", each, first[: len(each)], target="flat", remark=remark))
    return found
