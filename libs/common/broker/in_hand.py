"""The messages that a consumer has in hand: each its own task, never more than the limit at work."""

import asyncio
from collections.abc import Coroutine


class InHand:
    """Runs coroutines as tasks, at most `limit` at once, and brings them to an end."""

    def __init__(self, limit: int) -> None:
        self.slots = asyncio.Semaphore(limit)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run it as a task of its own."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, grace: float) -> None:
        """Wait up to `grace` seconds for what runs, then cancel the rest; return when nothing runs any more."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
