"""While PostgreSQL is away, messages stay in hand: no try is counted, none waits an hour or is buried for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from common.consumer import Handlers
from common.database import unavailable

log = structlog.get_logger(__name__)

AWAY = Gauge("database_away", "1 while messages are held because PostgreSQL does not answer, 0 otherwise")
HELD = Counter("messages_held_total", "Tries that were repeated, uncounted, because PostgreSQL had not answered")

PAUSE = 0.5
"""Seconds between two looks at whether the server answers."""


class Outage:
    """Waits for PostgreSQL; however many messages are held, one of them looks."""

    def __init__(self, ping: Callable[[], Awaitable[None]], *, pause: float = PAUSE) -> None:
        self._ping = ping
        self._pause = pause
        self._end: asyncio.Task[bool] | None = None

    async def outlast(self) -> bool:
        """Return once the server answers: whether it had been away."""
        if self._end is None or self._end.done():
            self._end = asyncio.create_task(self._wait(), name="wait for PostgreSQL")
        return await asyncio.shield(self._end)

    async def _wait(self) -> bool:
        away = False
        while (reason := await self._silence()) is not None:
            if not away:
                log.warning("database.away", reason=reason)
                AWAY.set(1)
            away = True
            await asyncio.sleep(self._pause)
        if away:
            log.info("database.back")
            AWAY.set(0)
        return away

    async def _silence(self) -> str | None:
        try:
            await self._ping()
        except (SQLAlchemyError, OSError) as error:
            return type(error).__name__
        return None


def outlasting(handlers: Handlers, outage: Outage) -> Handlers:
    """Return the handlers so that each tries its event again when an outage of PostgreSQL is over.

    What fails while the server does answer is tried once more, since its connection may have been lost to an outage
    that ended meanwhile; then the fault is the handler's.
    """

    def hold(handle: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        async def handle_through_outages(event: Any) -> None:
            excused = False
            while True:
                try:
                    return await handle(event)
                except Exception as error:
                    if not unavailable(error):
                        raise
                    away = await outage.outlast()
                    if excused and not away:
                        raise
                    excused = True
                    HELD.inc()

        return handle_through_outages

    return {event: hold(handle) for event, handle in handlers.items()}
