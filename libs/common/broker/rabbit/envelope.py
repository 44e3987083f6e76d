"""Message ↔ AMQP: the envelope in the properties that AMQP has for it, ours in headers, the body untouched.

Reading is lenient, since anybody may put anything into a queue: what is missing is filled in, and dispatch finds out.
"""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aio_pika.abc import AbstractIncomingMessage, DeliveryMode, HeadersType
from pamqp.commands import Basic
from pamqp.common import FieldTable

from common.broker import DeadLetter, Message
from common.broker.failure import Failure
from common.broker.rabbit.pipeline import Packed

ATTEMPT = "x-attempt"
ROUTING_KEY = "x-routing-key"
"""The one it was published with: behind a waiting room AMQP's own is the queue's name."""
OCCURRED_AT = "x-timestamp"
"""To the microsecond; AMQP's own property knows seconds."""
TRACEPARENT = "traceparent"
REASON, EXCEPTION = "x-reason", "x-exception"
FIRST_FAILED_AT, LAST_FAILED_AT = "x-first-failed-at", "x-last-failed-at"


def pack(message: Message, **extra: str) -> Packed:
    """Return the message as AMQP, persistent."""
    headers: FieldTable = {
        ATTEMPT: message.attempt,
        ROUTING_KEY: message.routing_key,
        OCCURRED_AT: message.timestamp.isoformat(),
        **extra,
    }
    if message.traceparent:
        headers[TRACEPARENT] = message.traceparent
    properties = Basic.Properties(
        content_type="application/json",
        headers=headers,
        delivery_mode=DeliveryMode.PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=str(message.id),
        timestamp=message.timestamp,
        message_type=message.type,
    )
    return Packed(properties, message.body)


def unpack(incoming: AbstractIncomingMessage) -> Message:
    """Return what arrived."""
    attempt = incoming.headers.get(ATTEMPT)
    return Message(
        id=_uuid(incoming.message_id),
        type=incoming.type or "",
        routing_key=_text(incoming.headers, ROUTING_KEY) or incoming.routing_key or "",
        body=incoming.body,
        correlation_id=incoming.correlation_id or str(uuid4()),
        timestamp=_time(incoming.headers, OCCURRED_AT) or incoming.timestamp or datetime.now(UTC),
        attempt=attempt if isinstance(attempt, int) and attempt > 0 else 1,
        traceparent=_text(incoming.headers, TRACEPARENT),
    )


def pack_failed(incoming: AbstractIncomingMessage, failure: Failure) -> Packed:
    """Return what waits for the next try, or is buried: the message and what is known of its failures so far."""
    message = unpack(incoming)
    now = datetime.now(UTC)
    first = _time(incoming.headers, FIRST_FAILED_AT) or now
    history = {FIRST_FAILED_AT: first.isoformat(), LAST_FAILED_AT: now.isoformat(), EXCEPTION: failure.exception}
    if failure.delay is None:
        return pack(message, **history, **{REASON: failure.reason})
    return pack(replace(message, attempt=message.attempt + 1), **history)


def unpack_dead(incoming: AbstractIncomingMessage, queue_name: str) -> DeadLetter:
    """Return a dead letter; one that we did not bury ourselves has RabbitMQ's own word for why."""
    message = unpack(incoming)
    headers = incoming.headers
    return DeadLetter(
        message=message,
        reason=_text(headers, REASON) or _deaths_reason(headers),
        exception=_text(headers, EXCEPTION),
        queue=queue_name,
        first_at=_time(headers, FIRST_FAILED_AT) or message.timestamp,
        last_at=_time(headers, LAST_FAILED_AT) or message.timestamp,
    )


def _deaths_reason(headers: HeadersType) -> str:
    """RabbitMQ's list of deaths has the last one first."""
    deaths = headers.get("x-death")
    last = deaths[0] if isinstance(deaths, list) and deaths else {}
    return str(last.get("reason", "unknown")) if isinstance(last, dict) else "unknown"


def _text(headers: HeadersType, name: str) -> str:
    value = headers.get(name)
    return value if isinstance(value, str) else ""


def _time(headers: HeadersType, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(headers, name)).astimezone(UTC)
    except ValueError:
        return None


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return uuid4()
