import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from common import outbox
from common.broker import BrokerUnavailable, Undelivered, Unroutable
from common.database import Database
from common.events import Event, RemovalRequested, StatusChanged, SyncProgress
from common.logging import correlated
from common.outbox import Outbox
from tests.common.broker.site import eventually
from tests.common.faulty_broker import FaultyBroker

EVENT = RemovalRequested(integration_id=7)
HINT = SyncProgress(user_id=3, integration_id=7, stage="NOT_READY", transactions=0, done=False)
STATUS = StatusChanged(user_id=3, integration_id=7, status="active")
WAITING = text("SELECT count(*) FROM outbox WHERE dead_at IS NULL")


async def emit(database: Database, *events: Event) -> None:
    async with database.transaction() as session:
        for event in events:
            await outbox.emit(session, event)


async def waiting(database: Database) -> int:
    async with database.transaction() as session:
        return int((await session.execute(WAITING)).scalar_one())


async def let_time_pass(database: Database, interval: str) -> None:
    """Age every row, so that no test has to wait for a claim to run out."""
    async with database.transaction() as session:
        await session.execute(
            text(
                f"UPDATE outbox SET created_at = created_at - interval '{interval}', "
                f"claimed_until = claimed_until - interval '{interval}'"
            )
        )


@asynccontextmanager
async def running(relay: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run(0.01))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def crashed(database_url: str) -> AsyncIterator[Database]:
    """The database of a process that dies right after its commits: it has no outbox that publishes."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def broker() -> FaultyBroker:
    return FaultyBroker()


async def test_committed(database: Database, broker: FaultyBroker) -> None:
    """What a committed transaction emitted is published at once, and its row is gone."""
    relay = Outbox(database, broker)
    with correlated("a-correlation-id"):
        await emit(database, EVENT)
    await relay.settle()

    [message] = broker.published
    assert (message.type, message.correlation_id) == ("item.removal_requested", "a-correlation-id")
    assert RemovalRequested.model_validate_json(message.body) == EVENT
    assert await waiting(database) == 0


async def test_rolled_back(database: Database, broker: FaultyBroker) -> None:
    """What a failed transaction emitted is never published, by nobody."""
    relay = Outbox(database, broker)

    async def emit_and_fail() -> None:
        async with database.transaction() as session:
            await outbox.emit(session, EVENT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await emit_and_fail()
    await relay.settle()

    assert await relay.relay() == 0
    assert broker.published == []


async def test_a_crash_between_commit_and_publish(database: Database, crashed: Database, broker: FaultyBroker) -> None:
    """What a process left behind is published by another, as it was."""
    with correlated("a-correlation-id"):
        await emit(crashed, EVENT)
    await let_time_pass(database, "2 seconds")
    relay = Outbox(database, broker)

    assert await relay.relay() == 1
    await relay.settle()

    [message] = broker.published
    assert (message.type, message.routing_key) == ("item.removal_requested", "item.removal_requested")
    assert message.correlation_id == "a-correlation-id"
    assert RemovalRequested.model_validate_json(message.body) == EVENT
    assert await waiting(database) == 0


async def test_the_emitter_has_a_head_start(database: Database, crashed: Database, broker: FaultyBroker) -> None:
    """What was emitted a moment ago is left to its emitter."""
    await emit(crashed, EVENT)

    assert await Outbox(database, broker).relay() == 0


async def test_a_crash_between_publish_and_delete(database: Database, database_url: str, broker: FaultyBroker) -> None:
    """What was published and not yet deleted is published once more under the same id: twice is harmless."""
    dying = Database(database_url)
    relay = Outbox(dying, broker)
    broker.hangs = True
    await emit(dying, EVENT)
    async with database.transaction() as session:
        await session.execute(text("SELECT id FROM outbox FOR UPDATE"))  # so that the row cannot be deleted
        broker.release()
        await eventually(lambda: published(broker, 1))
        [publishing] = relay._in_flight.values()
        publishing.cancel()
        await asyncio.wait([publishing])
    await dying.close()
    await let_time_pass(database, "10 seconds")

    another = Outbox(database, broker)
    assert await another.relay() == 1
    await another.settle()

    first, second = broker.published
    assert first.id == second.id
    assert await waiting(database) == 0


async def test_a_relay_that_crashed(database: Database, crashed: Database, broker: FaultyBroker) -> None:
    """What a relay claimed and never published is claimed again when the claim runs out, and not before."""
    await emit(crashed, EVENT)
    await let_time_pass(database, "2 seconds")
    dead = FaultyBroker(hangs=True)
    assert await Outbox(crashed, dead).relay() == 1

    relay = Outbox(database, broker)
    assert await relay.relay() == 0
    await let_time_pass(database, "10 seconds")
    assert await relay.relay() == 1
    await relay.settle()

    assert len(broker.published) == 1


@pytest.mark.parametrize("fault", [Unroutable("item.removal_requested"), Undelivered("failed 5 times: no luck")])
async def test_one_bad_row(database: Database, broker: FaultyBroker, fault: Exception) -> None:
    """A message that no queue takes is buried with its reason, and the others in its batch go out."""
    relay = Outbox(database, broker)
    broker.faults["item.removal_requested"] = fault
    buried = REGISTRY.get_sample_value("outbox_buried_total", {"type": "item.removal_requested"}) or 0
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO users (id, email) VALUES (3, 'a@example.com')"))
    await emit(database, STATUS, EVENT, HINT)
    await relay.settle()

    assert {message.type for message in broker.published} == {"item.status_changed", "sync.progress"}
    async with database.transaction() as session:
        [row] = (await session.execute(text("SELECT type, last_error FROM outbox WHERE dead_at IS NOT NULL"))).all()
    assert tuple(row) == ("item.removal_requested", str(fault))
    assert await waiting(database) == 0
    assert REGISTRY.get_sample_value("outbox_buried_total", {"type": "item.removal_requested"}) == buried + 1


async def test_what_is_buried_stays_buried(database: Database, broker: FaultyBroker) -> None:
    """A buried row is not tried again: somebody has to look at it."""
    relay = Outbox(database, broker)
    broker.faults["item.removal_requested"] = Unroutable("x")
    await emit(database, EVENT)
    await relay.settle()
    await let_time_pass(database, "1 hour")

    assert await relay.relay() == 0
    assert broker.tries == 1


async def test_an_unexpected_fault(database: Database, broker: FaultyBroker) -> None:
    """A fault that nobody foresaw is logged, and its message is kept and tried again."""
    relay = Outbox(database, broker)
    broker.faults["item.removal_requested"] = RuntimeError("no luck")
    with capture_logs() as lines:
        await emit(database, EVENT)
        await relay.settle()
        await asyncio.sleep(0)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["outbox.publish_failed"]

    broker.faults.clear()
    await let_time_pass(database, "10 seconds")
    await relay.relay()
    await relay.settle()

    assert len(broker.published) == 1


async def test_the_broker_is_down(database: Database, broker: FaultyBroker) -> None:
    """While the broker is away nothing is claimed in vain, so that all goes out as soon as it is back."""
    relay = Outbox(database, broker)
    broker.down = True
    await emit(database, *[EVENT] * 20)
    await relay.settle()
    await let_time_pass(database, "2 seconds")
    assert await relay.relay() == 0
    assert await waiting(database) == 20

    broker.down = False

    assert await relay.relay() == 20
    await relay.settle()
    assert await waiting(database) == 0


async def test_the_broker_confirms_nothing(database: Database, broker: FaultyBroker) -> None:
    """A broker that takes connections and confirms nothing costs no message: each is kept and claimed again."""
    relay = Outbox(database, broker)
    broker.faults["item.removal_requested"] = BrokerUnavailable("no confirm")
    await emit(database, EVENT)
    await relay.settle()
    await let_time_pass(database, "2 seconds")
    assert await relay.relay() == 1
    await relay.settle()
    assert await waiting(database) == 1

    broker.faults.clear()
    await let_time_pass(database, "10 seconds")
    assert await relay.relay() == 1
    await relay.settle()
    assert await waiting(database) == 0


async def test_a_silent_broker_is_asked_with_one(database: Database, broker: FaultyBroker) -> None:
    """While a broker confirms nothing it is given one event at a time; one confirm, and all the rest follow."""
    relay = Outbox(database, broker)
    broker.faults["item.removal_requested"] = BrokerUnavailable("no confirm")
    await emit(database, EVENT)
    await relay.settle()
    await emit(database, *[EVENT] * 19)
    await relay.settle()
    assert broker.tries == 2
    await let_time_pass(database, "2 seconds")
    for tries in (3, 4):
        assert await relay.relay() == 1
        await relay.settle()
        assert broker.tries == tries

    broker.faults.clear()

    assert await relay.relay() == 1
    await relay.settle()
    assert await relay.relay() == 17
    await relay.settle()
    await let_time_pass(database, "10 seconds")
    assert await relay.relay() == 2
    await relay.settle()
    assert await waiting(database) == 0


async def test_a_silent_broker_is_given_nothing_beside_what_it_keeps(database: Database, broker: FaultyBroker) -> None:
    """As long as it has not answered for one, it gets no other, neither new nor left over."""
    relay = Outbox(database, broker)
    broker.faults["item.removal_requested"] = BrokerUnavailable("no confirm")
    await emit(database, EVENT)
    await relay.settle()
    broker.faults.clear()
    broker.hangs = True
    await emit(database, *[EVENT] * 5)
    await let_time_pass(database, "1 hour")
    assert await relay.relay() == 0
    assert broker.tries == 2

    broker.release()
    await relay.settle()

    assert await relay.relay() == 5
    await relay.settle()
    assert await waiting(database) == 0


async def test_what_is_in_flight_is_not_claimed(database: Database, broker: FaultyBroker) -> None:
    """A message that is being published, however slowly, is not published beside itself."""
    relay = Outbox(database, broker)
    broker.hangs = True
    await emit(database, EVENT)
    await let_time_pass(database, "1 hour")

    assert await relay.relay() == 0
    broker.release()
    await relay.settle()
    assert len(broker.published) == 1


async def test_concurrent_relays(database: Database, database_url: str, broker: FaultyBroker) -> None:
    """Four processes that relay the same left-overs publish each of them once."""
    await emit(database, *[EVENT] * 1_200)
    await let_time_pass(database, "2 seconds")
    databases = [Database(database_url, pool_size=2) for _ in range(4)]
    relays = [Outbox(database, broker) for database in databases]
    while any(await asyncio.gather(*(relay.relay() for relay in relays))):
        await asyncio.gather(*(relay.settle() for relay in relays))

    assert Counter(Counter(message.id for message in broker.published).values()) == {1: 1_200}
    assert await waiting(database) == 0
    for one in databases:
        await one.close()


async def test_one_slow_message(
    database: Database, crashed: Database, broker: FaultyBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message whose handlers take for ever holds up no batch behind it."""
    monkeypatch.setattr(outbox, "BREATH", 0.01)
    relay = Outbox(database, broker)
    broker.hangs = True
    await emit(database, EVENT)
    await eventually(lambda: tried(broker, 1))
    broker.hangs = False
    await emit(crashed, *[EVENT] * (outbox.BATCH + 1))
    await let_time_pass(database, "2 seconds")
    async with running(relay):
        await eventually(lambda: published(broker, outbox.BATCH + 1))
    broker.release()
    await relay.settle()


async def tried(broker: FaultyBroker, count: int) -> bool:
    return broker.tries >= count


async def published(broker: FaultyBroker, count: int) -> bool:
    return len(broker.published) >= count


async def test_settle_is_bounded(database: Database, broker: FaultyBroker) -> None:
    """A process that stops waits for what is in flight, but not for ever."""
    relay = Outbox(database, broker)
    broker.hangs = True
    await emit(database, EVENT)

    async with asyncio.timeout(5):
        await relay.settle(0.01)
    assert await waiting(database) == 1
    broker.release()
    await relay.settle()
    assert await waiting(database) == 0


async def test_a_hint_is_a_row_too(database: Database, broker: FaultyBroker) -> None:
    """What a browser may have missed is on record, in the same transaction as what it tells of."""
    Outbox(database, broker)
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO users (id, email) VALUES (3, 'a@example.com')"))
        await outbox.emit(session, HINT)
        await outbox.emit(session, EVENT)

    async with database.transaction() as session:
        [row] = (await session.execute(text("SELECT user_id, type, body FROM user_events"))).all()
    assert (row.user_id, row.type) == (3, "sync.progress")
    assert SyncProgress.model_validate_json(row.body) == HINT


async def test_the_oldest_row_is_a_metric(database: Database, broker: FaultyBroker) -> None:
    """How long the oldest event has been waiting is visible, also while the broker is away."""
    broker.down = True
    relay = Outbox(database, broker)
    await emit(database, EVENT)
    await let_time_pass(database, "90 seconds")

    await relay.relay()
    assert 90 <= (REGISTRY.get_sample_value("outbox_oldest_seconds") or 0) < 150

    broker.down = False
    await relay.relay()
    await relay.settle()
    await relay.relay()
    assert REGISTRY.get_sample_value("outbox_oldest_seconds") == 0


async def test_the_loop_survives_the_database(database: Database, crashed: Database, broker: FaultyBroker) -> None:
    """A database that goes away ends no relay: it goes on when the database is back."""
    relay = Outbox(database, broker)
    failures = [OSError("refused"), ConnectionResetError("gone")]
    transaction = database.transaction

    def fail_first() -> object:
        if failures:
            raise failures.pop()
        return transaction()

    database.transaction = fail_first  # type: ignore[method-assign, assignment]
    await emit(crashed, EVENT)
    await let_time_pass(crashed, "2 seconds")
    async with running(relay):
        await eventually(lambda: published(broker, 1))

    assert failures == []
