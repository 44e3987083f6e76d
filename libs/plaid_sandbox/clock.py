"""The stand-in's own time: the machine's, plus what somebody skipped."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta


def _machine_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Time that can be advanced, so that 30 days need not be waited for."""

    def __init__(self, wall: Callable[[], datetime] = _machine_time) -> None:
        self._wall = wall
        self.skipped = 0.0
        self._advanced = asyncio.Event()

    def now(self) -> datetime:
        """Return the bank's time, aware, in UTC."""
        return self._wall() + timedelta(seconds=self.skipped)

    def wall(self) -> datetime:
        """Return the machine's time: signatures carry it, for the receiver's clock was not advanced."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Skip this many seconds and wake whoever waited for them."""
        self.skipped += seconds
        advanced, self._advanced = self._advanced, asyncio.Event()
        advanced.set()

    async def sleep(self, seconds: float) -> None:
        """Wait until this many seconds have passed on this clock."""
        await self.until(self.now() + timedelta(seconds=seconds))

    async def until(self, due: datetime) -> None:
        """Wait for this moment of this clock."""
        while (left := (due - self.now()).total_seconds()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._advanced.wait(), left)
