"""The messages that a consumer has in hand: each its own task, never more than the limit."""

import asyncio
from collections.abc import Coroutine
from typing import Any

LAST_WORDS = 5.0
"""Seconds for what was cancelled to clean up; its server may be silent too."""


class InHand:
    """Runs coroutines as tasks, at most `limit` at once, and brings them to an end."""

    def __init__(self, limit: int) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._tasks: set[asyncio.Task[None]] = set()

    async def slot(self) -> None:
        """Wait until there is room for one more; the next `start` takes it."""
        await self._slots.acquire()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it as a task of its own, in the slot that was waited for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def settle(self, grace: float) -> None:
        """Wait up to `grace` seconds for what runs, then cancel the rest and give it LAST_WORDS seconds to end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WORDS)
