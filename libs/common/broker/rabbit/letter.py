"""A dead letter as it lies in its queue, judged by raw properties: anybody may put anything there."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pamqp.commands import Basic

from common.broker.rabbit.envelope import (
    ATTEMPT,
    EXCEPTION,
    FIRST_FAILED_AT,
    LAST_FAILED_AT,
    REASON,
    ROUTING_KEY,
)
from common.broker.rabbit.pipeline import Packed
from common.broker.topology import Queue

OVER = {REASON, EXCEPTION, FIRST_FAILED_AT, LAST_FAILED_AT}
OF_RABBITMQ = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count")
"""What a message loses when its tries begin anew: how often and why it failed."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it lies among the dead of a queue, whoever sent it."""

    queue: Queue
    tag: int
    properties: Basic.Properties
    body: bytes

    @property
    def headers(self) -> dict[str, Any]:
        """Its headers, whatever they hold."""
        return dict(self.properties.headers or {})

    @property
    def name(self) -> str:
        """What it is asked for by: its message id, else the beginning of its body's SHA-256."""
        return self.properties.message_id or f"sha256-{hashlib.sha256(self.body).hexdigest()[:16]}"

    @property
    def is_ours(self) -> bool:
        """Whether a process of ours packed it, so that it may be worked on once more."""
        headers = self.headers
        with suppress(ValueError):
            UUID(self.properties.message_id or "")
            return isinstance(headers.get(ATTEMPT), int) and isinstance(headers.get(ROUTING_KEY), str)
        return False

    @property
    def reason(self) -> str:
        """Why it is here: our word, else RabbitMQ's for its last death."""
        return _text(self.headers.get(REASON)) or _text(self._death.get("reason")) or "unknown"

    @property
    def exception(self) -> str:
        """What its last try raised; empty where that is not known."""
        return _text(self.headers.get(EXCEPTION))

    @property
    def attempt(self) -> int | None:
        """How often it was tried."""
        attempt = self.headers.get(ATTEMPT)
        return attempt if isinstance(attempt, int) else None

    @property
    def first_failed_at(self) -> datetime | None:
        """When it failed first."""
        return _moment(self.headers.get(FIRST_FAILED_AT))

    @property
    def buried_at(self) -> datetime | None:
        """When it was buried, or at least sent; None where nothing tells."""
        told = (self.headers.get(LAST_FAILED_AT), self._death.get("time"), self.properties.timestamp)
        return next(filter(None, map(_moment, told)), None)

    @property
    def _death(self) -> dict[str, Any]:
        """RabbitMQ's list of deaths has the last one first."""
        deaths = self.headers.get("x-death")
        last = deaths[0] if isinstance(deaths, list) and deaths else None
        return last if isinstance(last, dict) else {}

    def anew(self) -> Packed:
        """Return the message as it was at its first try."""
        kept = {name: it for name, it in self.headers.items() if name not in OVER and not name.startswith(OF_RABBITMQ)}
        old = self.properties
        properties = Basic.Properties(
            content_type=old.content_type,
            headers=kept | {ATTEMPT: 1},
            delivery_mode=2,
            correlation_id=old.correlation_id,
            message_id=old.message_id,
            timestamp=old.timestamp,
            message_type=old.message_type,
        )
        return Packed(properties, self.body)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime):
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
