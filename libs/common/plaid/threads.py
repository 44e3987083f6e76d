"""Blocking calls beside the event loop, in threads that nobody waits for at the end of the process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs at most `limit` calls at once, each in a daemon thread of its own.

    An executor's threads are joined at exit, so one call that hangs would hold up a process that was told to stop.
    """

    def __init__(self, limit: int) -> None:
        self._slots = asyncio.Semaphore(limit)

    async def run(self, call: Callable[[], T]) -> T:
        """Return what the call returns, or raise what it raises; a call that was begun keeps its slot to its end."""
        loop = asyncio.get_running_loop()
        await self._slots.acquire()
        outcome: asyncio.Future[T] = loop.create_future()
        context = copy_context()  # its log lines and spans belong to the work in hand

        def work() -> None:
            try:
                report = partial(_succeed, outcome, context.run(call))
            except Exception as error:  # noqa: BLE001 - raised where the call is awaited
                report = partial(_fail, outcome, error)
            with suppress(RuntimeError):  # the loop is closed, nobody waits any more
                loop.call_soon_threadsafe(self._slots.release)
                loop.call_soon_threadsafe(report)

        Thread(target=work, name="plaid", daemon=True).start()
        return await outcome


def _succeed(outcome: asyncio.Future[T], result: T) -> None:
    if not outcome.done():
        outcome.set_result(result)


def _fail(outcome: asyncio.Future[T], error: Exception) -> None:
    if not outcome.done():
        outcome.set_exception(error)
