"""Where a webhook becomes durable: the broker confirms it, or PostgreSQL's outbox keeps it until the broker is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import Gauge

from common.broker import Broker, Message
from common.database import Database
from common.events import Event, to_message
from common.logging import correlation_id
from webhook_ingest.bucket import Bucket
from webhook_ingest.circuit import Circuit, Leave
from webhook_ingest.domain.refusal import NotAccepted
from webhook_ingest.storing import Storing

log = structlog.get_logger(__name__)

CIRCUIT_OPEN = Gauge("webhook_broker_circuit_open", "1 while webhooks go straight to the outbox, 0 otherwise")

PATIENCE = 2.0
PROBE_PATIENCE = 0.05
COOLDOWN = 5.0
"""Seconds. A probe of the broker may take the whole patience, but its webhook's answer does not wait for that."""
MOST = 2_000
"""Webhooks that may wait at a time, in memory; while both doors hang each of them waits for twice the patience."""


class Acceptance:
    """Takes events so that no crash loses them: by the broker, unless the composition says outbox only."""

    def __init__(
        self,
        broker: Broker,
        database: Database,
        *,
        broker_first: bool = True,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._database = database
        self._storing = Storing(database, patience)
        self._broker_first = broker_first
        self._patience = patience
        self._circuit = Circuit(COOLDOWN, clock)
        self._log_lines = Bucket(10, 1)
        self._waiting = 0
        self._left_behind: set[asyncio.Task[bool]] = set()

    async def accept(self, event: Event) -> str:
        """Return `published` or `stored` once the event is durable, or raise NotAccepted; within twice the patience."""
        if self._waiting >= MOST:
            raise NotAccepted
        self._waiting += 1
        try:
            return await self._accept(to_message(event, correlation_id(), datetime.now(UTC)))
        finally:
            self._waiting -= 1

    async def _accept(self, message: Message) -> str:
        leave = self._circuit.ask() if self._broker_first else Leave.SKIP
        if leave is Leave.USE and await self._publish(message):
            return "published"
        if leave is Leave.PROBE and await self._apart(self._publish(message), PROBE_PATIENCE):
            return "published"
        if await self._in_time("database", self._storing.store(message)):
            return "stored"
        if self._broker_first and leave is not Leave.USE and await self._publish(message):
            return "published"
        raise NotAccepted

    async def broker_or_database(self) -> None:
        """Raise NotAccepted unless one of them is there."""
        if self._broker_first and self._broker.available:
            return
        if not await self._apart(self._in_time("database", self._database.ping()), self._patience):
            raise NotAccepted

    async def _publish(self, message: Message) -> bool:
        confirmed = await self._in_time("broker", self._broker.publish(message))
        was_closed = self._circuit.closed
        if confirmed:
            self._circuit.succeeded()
        else:
            self._circuit.failed()
        if was_closed != confirmed:
            CIRCUIT_OPEN.set(not confirmed)
        return confirmed

    async def _apart(self, work: Coroutine[Any, Any, bool], wait: float) -> bool:
        """Return whether the work was done in time; what hangs in it is left behind, its clean-up may hang as well."""
        task = asyncio.create_task(work)
        self._left_behind.add(task)
        task.add_done_callback(self._left_behind.discard)
        await asyncio.wait({task}, timeout=wait)
        return task.done() and task.result()

    async def _in_time(self, door: str, work: Awaitable[None]) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await work
        except Exception as error:  # noqa: BLE001 - whatever one door's fault is, there is another door
            if self._log_lines.take():
                log.warning("acceptance.failed", door=door, error=type(error).__name__)
            return False
        return True
