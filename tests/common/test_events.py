import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from common.broker import topology
from common.events import CHUNK, EVENTS, Event, SyncRequested, TransactionsChanged, WebhookReceived, to_message

CONTRACTS = Path(__file__).parent.parent / "contracts"
FILES = sorted(CONTRACTS.rglob("*.json"))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def event_in(path: Path) -> Event:
    return EVENTS[path.parent.name].model_validate_json(path.read_bytes())


def test_every_event_has_a_contract() -> None:
    """Each event's JSON is on file, so that nobody changes it unawares; a file once there is never edited."""
    assert {path.parent.name for path in FILES} == set(EVENTS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_contract(path: Path) -> None:
    """What was ever sent is read, and sent again it is the same; the first events had no version, which means 1."""
    message = to_message(event_in(path), "a-correlation-id", NOON)

    assert json.loads(message.body) == {"version": 1} | json.loads(path.read_text())
    assert message.type == path.parent.name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_unknown_fields(path: Path) -> None:
    """A field that a newer sender adds is ignored."""
    newer = json.loads(path.read_text()) | {"added_later": {"any": ["thing"]}}

    assert EVENTS[path.parent.name].model_validate(newer) == event_in(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_missing_fields(path: Path) -> None:
    """A field that is needed is needed: nothing is made up."""
    event = EVENTS[path.parent.name]
    for name, field in event.model_fields.items():
        if field.is_required():
            lacking = {key: value for key, value in json.loads(path.read_text()).items() if key != name}
            with pytest.raises(ValidationError):
                event.model_validate(lacking)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_routable(path: Path) -> None:
    """Every event meets a queue, or is a hint that may be lost."""
    key = to_message(event_in(path), "a-correlation-id", NOON).routing_key
    queues = [queue for queue in topology.QUEUES if key in queue.routing_keys]

    assert bool(queues) != (key in topology.HINTS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_frozen(path: Path) -> None:
    """An event is a fact: nobody changes it on the way."""
    event = event_in(path)

    with pytest.raises(ValidationError):
        setattr(event, next(iter(type(event).model_fields)), 1)


def test_sweeps_have_their_own_lane() -> None:
    """People who wait never stand behind a sweep; both are the same event."""
    sweep = SyncRequested(integration_id=1, trigger="sweep", requested_at=NOON)
    manual = SyncRequested(integration_id=1, trigger="manual", requested_at=NOON)

    assert (sweep.type, sweep.routing_key) == ("item.sync_requested", "item.sync_requested.sweep")
    assert (manual.type, manual.routing_key) == ("item.sync_requested", "item.sync_requested")


def test_the_envelope() -> None:
    """Each message has an id of its own, and its sender's correlation id and time."""
    event = SyncRequested(integration_id=1, trigger="manual", requested_at=NOON)
    first, second = to_message(event, "one", NOON), to_message(event, "one", NOON)

    assert first.id != second.id
    assert (first.correlation_id, first.timestamp, first.attempt) == ("one", NOON, 1)


def test_naive_times() -> None:
    """A time without a zone is no time."""
    with pytest.raises(ValidationError):
        SyncRequested(integration_id=1, trigger="manual", requested_at=datetime(2026, 11, 22))  # noqa: DTZ001 - the fault


def test_other_zones() -> None:
    """The same moment told in another zone is the same moment."""
    there = NOON.astimezone(timezone(timedelta(hours=-8)))
    event = SyncRequested(integration_id=1, trigger="manual", requested_at=there)
    body = to_message(event, "one", NOON).body

    assert SyncRequested.model_validate_json(body).requested_at == NOON


def test_the_largest_chunk() -> None:
    """No event carries more ids than it may; whoever has more sends several."""
    TransactionsChanged(integration_id=1, transaction_ids=list(range(CHUNK)), rung_at=NOON)
    with pytest.raises(ValidationError):
        TransactionsChanged(integration_id=1, transaction_ids=list(range(CHUNK + 1)), rung_at=NOON)


def test_no_event_has_room_for_a_token() -> None:
    """No field of any event is made for a secret."""
    fields = {field for event in EVENTS.values() for field in event.model_fields}

    assert not {field for field in fields if "token" in field or "secret" in field}


def test_no_event_has_room_for_what_is_private() -> None:
    """Ids, counts, times of our own and static words: no event has a field for money, a name or a purchase."""
    fields = {field for event in EVENTS.values() for field in event.model_fields}
    told = {
        "version", "user_id", "integration_id", "item_id", "account_id", "audit_id", "notification_id",
        "transaction_ids", "expense_ids", "transactions", "kind", "cleared", "status", "stage", "done", "trigger",
        "webhook_type", "webhook_code", "reason", "disconnect_time", "received_at", "requested_at", "rung_at",
    }  # fmt: skip

    assert fields == told


def test_text_is_unicode() -> None:
    """Whatever text Plaid sends arrives as it was."""
    event = WebhookReceived(
        item_id="item", webhook_type="ITEM", webhook_code="NEW", received_at=NOON, reason="Überweisung ☕ 数"
    )

    assert WebhookReceived.model_validate_json(to_message(event, "one", NOON).body) == event
