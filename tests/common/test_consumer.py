from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from common.broker import Message, Poison, new_message
from common.broker.memory import MemoryBroker
from common.broker.topology import SYNC
from common.consumer import dispatch
from common.events import Event, RemovalRequested, SyncRequested, to_message
from common.logging import correlation_id

NOW = datetime(2026, 11, 22, tzinfo=UTC)
REMOVAL = RemovalRequested(integration_id=7)
REQUEST = SyncRequested(integration_id=7, trigger="manual", requested_at=NOW)


def message_of(event: Event) -> Message:
    return to_message(event, "a-correlation-id", NOW)


def raw(body: bytes, name: str = "item.removal_requested") -> Message:
    return new_message(type=name, routing_key=name, body=body, correlation_id="a-correlation-id", timestamp=NOW)


def counted(outcome: str, name: str = "item.removal_requested") -> float:
    return REGISTRY.get_sample_value("messages_total", {"type": name, "outcome": outcome}) or 0.0


async def test_each_event_meets_its_handler() -> None:
    """A message reaches the function of its type, as the event that was sent."""
    seen: list[tuple[str, Event]] = []

    async def on_removal(event: RemovalRequested) -> None:
        seen.append(("removal", event))

    async def on_request(event: SyncRequested) -> None:
        seen.append(("request", event))

    handle = dispatch({RemovalRequested: on_removal, SyncRequested: on_request})
    await handle(message_of(REQUEST))
    await handle(message_of(REMOVAL))

    assert seen == [("request", REQUEST), ("removal", REMOVAL)]


async def test_the_correlation_id_goes_along() -> None:
    """While a handler runs its log lines and events bear the message's correlation id; afterwards none does."""
    seen: dict[str, Any] = {}

    async def note(_event: RemovalRequested) -> None:
        seen.update(get_contextvars())
        assert correlation_id() == "a-correlation-id"

    message = message_of(REMOVAL)
    await dispatch({RemovalRequested: note})(message)

    assert seen == {
        "correlation_id": "a-correlation-id",
        "message_id": str(message.id),
        "message_type": "item.removal_requested",
    }
    assert correlation_id() != "a-correlation-id"


async def never(_event: Event) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (raw(b"{}", "invented.later"), "no handler for invented.later"),
        (raw(b"{}", ""), "no handler for "),
        (raw(b""), "unreadable item.removal_requested: body"),
        (raw(b"\xff\xfe"), "unreadable item.removal_requested: body"),
        (raw(b"[]"), "unreadable item.removal_requested: body"),
        (raw(b"{}"), "unreadable item.removal_requested: integration_id"),
        (raw(b'{"integration_id": 7, "version": 2}'), "unreadable item.removal_requested: version"),
        (raw(b'{"integration_id": "the-secret"}'), "unreadable item.removal_requested: integration_id"),
    ],
)
async def test_poison(message: Message, reason: str) -> None:
    """What can never be handled is poison, named by its fields and without their values, and counted."""
    before = counted("poison", message.type)

    with pytest.raises(Poison) as poison:
        await dispatch({RemovalRequested: never})(message)

    assert str(poison.value) == reason
    assert counted("poison", message.type) == before + 1


async def test_a_handler_that_fails() -> None:
    """A handler's own fault reaches the broker as it is, to be tried again, and is logged and counted."""
    before = counted("failed")

    async def fail(_event: RemovalRequested) -> None:
        raise KeyError("no luck")

    with capture_logs() as lines, pytest.raises(KeyError, match="no luck"):
        await dispatch({RemovalRequested: fail})(message_of(REMOVAL))

    assert counted("failed") == before + 1
    [line] = lines
    assert (line["event"], line["attempt"], line["error"]) == ("message.failed", 1, "KeyError")


async def test_success_is_counted() -> None:
    """A message that was handled counts as handled."""
    before = counted("handled")

    async def succeed(_event: RemovalRequested) -> None:
        """Nothing to do."""

    await dispatch({RemovalRequested: succeed})(message_of(REMOVAL))

    assert counted("handled") == before + 1


async def test_behind_a_broker() -> None:
    """Poison is buried at the first try, and the message behind it is handled."""
    handled: list[RemovalRequested] = []

    async def handle(event: RemovalRequested) -> None:
        handled.append(event)

    broker = MemoryBroker()
    consumer = await broker.consume(SYNC, dispatch({RemovalRequested: handle}), prefetch=1)
    with pytest.raises(Exception, match="poison"):
        await broker.publish(raw(b"{}"))
    await broker.publish(message_of(REMOVAL))

    assert handled == [REMOVAL]
    assert [(letter.reason, letter.message.attempt) for letter in await broker.dead(SYNC)] == [("poison", 1)]
    await consumer.stop(1)
    await broker.close()
