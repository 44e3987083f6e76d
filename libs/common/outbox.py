"""Transactional outbox: an event is published if and only if the transaction that emitted it committed.

Life of a row: `emit` writes it, the emitting process publishes it right after the commit and deletes it once the broker
has it; what a crash left behind, a relay claims (committed before it publishes) and publishes. Twice is harmless.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from common.broker import Broker, BrokerUnavailable, Message, Undelivered, Unroutable
from common.database import EMITTED, Database
from common.events import Event, UserEvent, to_message
from common.logging import correlation_id

log = structlog.get_logger(__name__)

OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest event that still waits to be published")
BURIED = Counter("outbox_buried_total", "Events that no queue took or every try failed on", ["type"])

EMITTER_HEAD_START = "2 seconds"
CLAIM = "10 seconds"
BATCH = 500
COMPANY = 0.05
"""Seconds that a published event's row waits for others to be deleted with it; far less than its claim lasts."""
BREATH = 1.0
"""Seconds for a full batch before the next is claimed; one message that waits for its handlers holds up no other."""

INSERT = text(f"""
    INSERT INTO outbox (id, type, routing_key, body, correlation_id, traceparent, occurred_at, claimed_until)
    SELECT *, now() + interval '{EMITTER_HEAD_START}' FROM unnest(
        CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:routing_keys AS text[]), CAST(:bodies AS text[]),
        CAST(:correlation_ids AS text[]), CAST(:traceparents AS text[]), CAST(:timestamps AS timestamptz[])
    )
""")
INSERT_WITH_HINTS = text(f"""
    WITH hints AS (
        INSERT INTO user_events (user_id, type, body)
        SELECT * FROM unnest(CAST(:user_ids AS integer[]), CAST(:hint_types AS text[]), CAST(:hint_bodies AS text[]))
    ) {INSERT.text}
""")
CLAIM_LEFT_OVER = text(f"""
    UPDATE outbox SET claimed_until = now() + interval '{CLAIM}'
    WHERE id IN (
        SELECT id FROM outbox
        WHERE dead_at IS NULL AND claimed_until < now() AND id <> ALL(CAST(:in_flight AS uuid[]))
        ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id, type, routing_key, body, correlation_id, traceparent, occurred_at
""")
DELETE = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS uuid[]))")
BURY = text("UPDATE outbox SET dead_at = now(), last_error = :reason WHERE id = :id")
AGE = text("SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM outbox WHERE dead_at IS NULL")


async def emit(session: AsyncSession, *events: Event) -> None:
    """Write events in the caller's transaction; they are published once that commits. Never commits itself."""
    if not events:
        return
    at = datetime.now(UTC)
    messages = [to_message(event, correlation_id(), at) for event in events]
    hints = [(event.user_id, one) for event, one in zip(events, messages, strict=True) if isinstance(event, UserEvent)]
    if not hints:
        await keep(session, messages)
        return
    told = {
        "user_ids": [user_id for user_id, _ in hints],
        "hint_types": [message.type for _, message in hints],
        "hint_bodies": [message.body.decode() for _, message in hints],
    }
    await session.execute(INSERT_WITH_HINTS, _rows(messages) | told)
    _emitted(session, messages)


async def keep(session: AsyncSession, messages: Sequence[Message]) -> None:
    """Write events that are messages already, of whichever correlation, as `emit` does."""
    await session.execute(INSERT, _rows(messages))
    _emitted(session, messages)


def _rows(messages: Sequence[Message]) -> dict[str, list[Any]]:
    return {
        "ids": [message.id for message in messages],
        "types": [message.type for message in messages],
        "routing_keys": [message.routing_key for message in messages],
        "bodies": [message.body.decode() for message in messages],
        "correlation_ids": [message.correlation_id for message in messages],
        "traceparents": [message.traceparent or None for message in messages],
        "timestamps": [message.timestamp for message in messages],
    }


def _emitted(session: AsyncSession, messages: Iterable[Message]) -> None:
    session.info.setdefault(EMITTED, []).extend(messages)


class Outbox:
    """Publishes what this process emitted, and relays what any process left behind."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._in_flight: dict[Message, asyncio.Task[None]] = {}
        self._published: list[Message] = []
        self._sweeper = asyncio.Lock()
        self._silent = False
        database.after_commit = self.publish_soon

    def publish_soon(self, messages: Iterable[Message]) -> None:
        """Publish each on its own, so that one bad message blocks no other. Returns at once; the relay has the rest."""
        for message in messages:
            if not self._room():
                return
            task = asyncio.create_task(self._publish(message), name=f"publish {message.type}")
            self._in_flight[message] = task
            task.add_done_callback(partial(self._forget, message))

    def _room(self) -> int:
        """Return how many more the broker may be given: where it was silent last time, one at a time."""
        if self._silent:
            return 0 if self._in_flight else 1
        return BATCH

    def _forget(self, message: Message, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(message, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("outbox.publish_failed", message_id=str(message.id), type=message.type, exc_info=error)

    async def _publish(self, message: Message) -> None:
        try:
            await self._broker.publish(message)
        except BrokerUnavailable:
            self._silent = self._broker.available  # one that is away comes back by another connection
            log.debug("outbox.publish_delayed", message_id=str(message.id), type=message.type)
        except (Unroutable, Undelivered) as error:
            self._silent = False
            await self._bury(message, str(error))
        else:
            self._silent = False
            self._published.append(message)
            await self._delete_published()

    async def _delete_published(self) -> None:
        """Delete in batches: whoever holds the lock takes all that was confirmed meanwhile."""
        async with self._sweeper:
            if not self._published:
                return
            await asyncio.sleep(COMPANY)
            done, self._published = self._published, []
            with suppress(SQLAlchemyError, OSError):  # the relay publishes them once more: harmless
                async with self._database.statement() as session:
                    await session.execute(DELETE, {"ids": [message.id for message in done]})

    async def _bury(self, message: Message, reason: str) -> None:
        BURIED.labels(message.type).inc()
        log.error("outbox.buried", message_id=str(message.id), type=message.type, reason=reason)
        with suppress(SQLAlchemyError, OSError):  # the relay comes back to it
            async with self._database.statement() as session:
                await session.execute(BURY, {"id": message.id, "reason": reason})

    async def relay(self) -> int:
        """Claim and publish what is left over from crashes and outages; return how many. Claims nothing in vain."""
        claim = {"in_flight": [message.id for message in self._in_flight], "most": self._room()}
        rows: Sequence[RowMapping] = []
        async with self._database.transaction() as session:
            if self._broker.available and claim["most"]:
                rows = (await session.execute(CLAIM_LEFT_OVER, claim)).mappings().all()
            OLDEST.set((await session.execute(AGE)).scalar_one())
        self.publish_soon(_message(row) for row in rows)
        return len(rows)

    async def run(self, every: float = 1.0) -> None:
        """Relay until cancelled."""
        while True:
            try:
                while await self.relay() == BATCH:
                    await self.settle(BREATH)
            except (SQLAlchemyError, OSError) as error:
                log.warning("outbox.relay_failed", reason=type(error).__name__)
            await asyncio.sleep(every)

    async def settle(self, within: float | None = None) -> None:
        """Return when everything in flight is published or given back, or after `within` seconds."""
        if self._in_flight:
            await asyncio.wait(list(self._in_flight.values()), timeout=within)


def _message(row: RowMapping) -> Message:
    return Message(
        id=row["id"],
        type=row["type"],
        routing_key=row["routing_key"],
        body=row["body"].encode(),
        correlation_id=row["correlation_id"],
        timestamp=row["occurred_at"],
        traceparent=row["traceparent"] or "",
    )
