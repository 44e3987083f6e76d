"""Where a webhook becomes durable: the broker confirms it, or PostgreSQL's outbox keeps it until the broker is back."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import Gauge

from common import outbox
from common.broker import Broker
from common.database import Database
from common.events import Event, to_message
from common.logging import correlation_id
from webhook_ingest.bucket import Bucket
from webhook_ingest.circuit import Circuit, Leave
from webhook_ingest.domain.refusal import NotAccepted

log = structlog.get_logger(__name__)

CIRCUIT_OPEN = Gauge("webhook_broker_circuit_open", "1 while webhooks go straight to the outbox, 0 otherwise")

PATIENCE = 2.0
PROBE_PATIENCE = 0.05
COOLDOWN = 5.0
"""Seconds. A probe of the broker may take the whole patience, but its webhook's answer does not wait for that."""


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
        self._broker_first = broker_first
        self._patience = patience
        self._circuit = Circuit(COOLDOWN, clock)
        self._log_lines = Bucket(10, 1)
        self._under_way: set[asyncio.Task[bool]] = set()

    async def accept(self, event: Event) -> str:
        """Return `published` or `stored` once the event is durable, or raise NotAccepted; within twice the patience."""
        leave = self._circuit.ask() if self._broker_first else Leave.SKIP
        wait = self._patience if leave is Leave.USE else PROBE_PATIENCE
        if leave is not Leave.SKIP and await self._publish(event, wait):
            return "published"
        if await self._done("database", self._store(event)):
            return "stored"
        if self._broker_first and leave is not Leave.USE and await self._publish(event, self._patience):
            return "published"
        raise NotAccepted

    async def broker_or_database(self) -> None:
        """Raise NotAccepted unless one of them is there."""
        if not (self._broker_first and self._broker.available) and not await self._done(
            "database", self._database.ping()
        ):
            raise NotAccepted

    async def _publish(self, event: Event, wait: float) -> bool:
        published = await self._done("broker", self._confirmed(event), wait)
        if not published:
            self._circuit.failed()
            CIRCUIT_OPEN.set(1)
        return published

    async def _confirmed(self, event: Event) -> None:
        await self._broker.publish(to_message(event, correlation_id(), datetime.now(UTC)))
        self._circuit.succeeded()
        CIRCUIT_OPEN.set(0)

    async def _store(self, event: Event) -> None:
        async with self._database.transaction() as session:
            await outbox.emit(session, event)

    async def _done(self, door: str, work: Coroutine[Any, Any, None], wait: float | None = None) -> bool:
        """Return whether the work was done in time; what hangs in it is left behind, its clean-up may hang as well."""
        task = asyncio.create_task(self._bounded(door, work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.wait({task}, timeout=wait or self._patience)
        return task.done() and task.result()

    async def _bounded(self, door: str, work: Coroutine[Any, Any, None]) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await work
        except Exception as error:  # noqa: BLE001 - whatever one door's fault is, there is another door
            if self._log_lines.take():
                log.warning("acceptance.failed", door=door, error=type(error).__name__)
            return False
        return True
