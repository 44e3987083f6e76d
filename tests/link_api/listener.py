"""A browser's end of the event stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.link_api.world import World, bearer

TOMORROW = datetime.now(UTC) + timedelta(days=1)
SOON = 5.0
"""Seconds within which what must come has come: less than a poll (10 s), so that the hint must have done it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it came."""

    id: str
    type: str
    data: Any


class Listener:
    """Hands out events one by one."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> Heard:
        """Return the next event, passing over heartbeats; raise StopAsyncIteration when the stream ends."""
        async with asyncio.timeout(SOON):
            fields: dict[str, str] = {}
            while True:
                line = await anext(self._lines)
                if line == "" and fields:
                    return Heard(fields["id"], fields["event"], json.loads(fields["data"]))
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value

    async def ended(self) -> bool:
        """Return whether the stream ends now."""
        try:
            await self.next()
        except StopAsyncIteration:
            return True
        return False


@asynccontextmanager
async def listening(
    live: World, user_id: int = 1, *, last_event_id: str | None = None, exp: datetime | None = None
) -> AsyncIterator[Listener]:
    """Open the user's stream; the block begins when the server has answered."""
    headers = bearer(user_id, exp=exp or TOMORROW) | (
        {"Last-Event-ID": last_event_id} if last_event_id is not None else {}
    )
    async with live.api.stream("GET", "/api/events", headers=headers, timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Listener(response.aiter_lines())
