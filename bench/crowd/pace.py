"""A steady rate."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter


async def paced(per_second: float, seconds: float) -> AsyncIterator[int]:
    """Yield 0, 1, 2 ... at fixed times, the late ones at once; nothing any more when the seconds are over."""
    began = perf_counter()
    for number in range(round(per_second * seconds)):
        await asyncio.sleep(began + number / per_second - perf_counter())
        if perf_counter() - began > seconds:
            return
        yield number
