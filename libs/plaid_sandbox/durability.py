"""Nothing is told before it is kept: who answers or sends waits here until what happened is saved."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

_log = logging.getLogger(__name__)
_PAUSE = 0.25


class Durability:
    """Counts what happened and what of it is saved. One writer saves for all who wait; without one nobody waits."""

    def __init__(self) -> None:
        self._happened = 0
        self._saved = 0
        self._wanted = asyncio.Event()
        self._save_done: asyncio.Future[None] | None = None

    def note(self) -> None:
        """Say that something happened which a restart must not undo."""
        self._happened += 1

    async def settled(self) -> None:
        """Return once all that happened before this call is saved, or raise what kept the writer from it."""
        happened = self._happened
        while self._save_done is not None and self._saved < happened:
            self._wanted.set()
            await asyncio.shield(self._save_done)

    @asynccontextmanager
    async def saving(self, save: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Save at the start, while things happen and at the end of the block: at once where somebody waits for it."""
        await save()
        self._save_done = asyncio.get_running_loop().create_future()
        writer = asyncio.create_task(self._write(save))
        try:
            yield
        finally:
            done, self._save_done = self._save_done, None
            self._wanted.set()
            await writer
            await save()
            done.set_result(None)

    async def _write(self, save: Callable[[], Awaitable[None]]) -> None:
        while self._save_done is not None:
            if self._saved < self._happened:
                await self._save(save)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), _PAUSE)
            self._wanted.clear()

    async def _save(self, save: Callable[[], Awaitable[None]]) -> None:
        happened = self._happened
        try:
            await save()
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, and the writer goes on
            _log.exception("cannot save")
            self._tell(error)
        else:
            self._saved = happened
            self._tell(None)

    def _tell(self, error: Exception | None) -> None:
        """Wake all who wait for the end of a save."""
        if self._save_done is None:
            return
        done, self._save_done = self._save_done, asyncio.get_running_loop().create_future()
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
            done.exception()  # it may be that nobody waits
