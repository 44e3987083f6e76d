"""Server-sent events of one user: read from `user_events`, woken by the broker's hints.

The table is the truth: a stream reads its own rows, so nothing queues up for a slow client, and a lost hint costs one
poll. An `id:` is what the client may resume after (see `domain.positions`); it can stand still while another
transaction might yet commit a smaller one, so a resume may repeat an event but never skip one.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from common.broker import Broker, topology
from common.consumer import dispatch
from common.database import Database
from common.events import ExpensesChanged, RulesChanged, StatusChanged, SyncProgress, UserEvent, UserNotified
from link_api.callers import Caller
from link_api.domain.positions import Position
from link_api.store import events

log = structlog.get_logger(__name__)

HEARD = (StatusChanged, SyncProgress, UserNotified, ExpensesChanged, RulesChanged)
PREFETCH = 100
BEAT = b": beat\n\n"
LONGEST_ID = 18


MOST_OF_A_USER = 50
"""Open streams of one user and process; one more ends the oldest, so that nobody takes all connections."""


class Bell(asyncio.Event):
    """Rings for one stream, also when it has to end."""

    over = False

    def end(self) -> None:
        """End the stream at its next breath."""
        self.over = True
        self.set()


class Hub:
    """Wakes this process's streams when a hint for their user arrives, and ends them all at shutdown."""

    def __init__(self, broker: Broker, *, poll: float = 10.0, beat: float = 15.0) -> None:
        self._broker = broker
        self._bells: dict[int, dict[Bell, None]] = {}
        self.poll = poll
        self.beat = beat
        self.closed = False

    @contextmanager
    def listening(self, user_id: int) -> Iterator[Bell]:
        """Yield a bell that rings for this user's events for the length of the block."""
        bell = Bell()
        bells = self._bells.setdefault(user_id, {})
        bells[bell] = None
        open_ones = [one for one in bells if not one.over]
        if len(open_ones) > MOST_OF_A_USER:
            open_ones[0].end()
        try:
            yield bell
        finally:
            del bells[bell]
            if not bells:
                del self._bells[user_id]

    async def wake(self, event: UserEvent) -> None:
        """Ring the bells of the event's user."""
        for bell in self._bells.get(event.user_id, ()):
            bell.set()

    async def run(self) -> None:
        """Listen to the broker until cancelled, then end every stream, so that the server can stop."""
        handler = dispatch(dict.fromkeys(HEARD, self.wake))
        consumer = await self._broker.consume(topology.BROWSERS, handler, prefetch=PREFETCH)
        try:
            await asyncio.Event().wait()
        finally:
            self.close()
            await consumer.stop(0)

    def close(self) -> None:
        """End every stream at its next breath."""
        self.closed = True
        for bells in self._bells.values():
            for bell in bells:
                bell.end()


class Reader:
    """Reads one user's events from where a client stands."""

    def __init__(self, database: Database, user_id: int) -> None:
        self._database = database
        self._user_id = user_id
        self._position = Position()
        self.more = False

    async def begin(self, last_event_id: str | None) -> bytes:
        """Stand at the given event, else at the current end; return what the client has to be told first."""
        async with self._database.transaction() as session:
            last = _read_id(last_event_id)
            if last and await events.is_kept(session, self._user_id, last):
                self._position = Position(floor=last)
                return BEAT
            ids, snapshot = await events.kept(session, self._user_id)
        self._position = Position().advance(ids, snapshot)
        return BEAT if last_event_id is None else _render(self._position.floor, "reset", "{}")

    async def read(self) -> bytes:
        """Return the next events as they go over the wire; nothing when there are none, or none can be read now."""
        position = self._position
        try:
            async with self._database.transaction() as session:
                found, snapshot = await events.unsent(session, self._user_id, position.floor, position.sent)
        except (SQLAlchemyError, OSError) as error:
            self.more = False
            log.warning("stream.not_read", error=type(error).__name__)
            return b""
        self.more = len(found) == events.BATCH
        self._position = position.advance([event.id for event in found], snapshot, full=self.more)
        return b"".join(_render(self._position.resume_at(event.id), event.type, event.body) for event in found)


async def stream(hub: Hub, reader: Reader, caller: Caller, greeting: bytes) -> AsyncGenerator[bytes, None]:
    """Yield the caller's events as they come, until the token expires or the hub closes."""
    with hub.listening(caller.user_id) as bell:
        yield greeting
        spoke = monotonic()
        while not (hub.closed or bell.over) and (left := (caller.expires_at - datetime.now(UTC)).total_seconds()) > 0:
            bell.clear()
            if news := await reader.read():
                yield news
                spoke = monotonic()
            elif monotonic() - spoke >= hub.beat:
                yield BEAT
                spoke = monotonic()
            if not reader.more:
                await _wait(bell, min(hub.poll, spoke + hub.beat - monotonic(), left))


async def _wait(bell: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            await bell.wait()


def _read_id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else None


def _render(id_: int, type_: str, data: str) -> bytes:
    return f"id: {id_}\nevent: {type_}\ndata: {data}\n\n".encode()
