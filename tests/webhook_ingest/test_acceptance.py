import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

import pytest
from sqlalchemy import text

from common.database import Database
from common.events import WebhookReceived
from common.logging import correlated
from tests.common.broker.site import eventually
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.doubles import Clock
from tests.webhook_ingest.proxy import DatabaseProxy
from webhook_ingest.acceptance import COOLDOWN, MOST, Acceptance
from webhook_ingest.domain.refusal import NotAccepted

EVENT = WebhookReceived(
    item_id="wz666",
    webhook_type="TRANSACTIONS",
    webhook_code="SYNC_UPDATES_AVAILABLE",
    received_at=datetime(2026, 11, 22, tzinfo=UTC),
)
PATIENCE = 0.3
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
AMPLE = 30.0
"""Seconds: for what must come about, however busy the machine is."""


def tasks() -> int:
    """Return how many tasks there are, without those of a frozen way to a server."""
    return sum(not str(task.get_coro()).startswith("<coroutine object Proxy.") for task in asyncio.all_tasks())


async def stored(database: Database) -> list[dict[str, object]]:
    async with database.transaction() as session:
        rows = await session.execute(text("SELECT type, body, correlation_id FROM outbox"))
        return [dict(row) for row in rows.mappings()]


@pytest.fixture
async def proxied(proxy: DatabaseProxy) -> AsyncIterator[Database]:
    database = Database(proxy.url)
    yield database
    proxy.thaw()
    await database.close()


async def test_the_broker_first(broker: FaultyBroker, database: Database) -> None:
    """What the broker confirms never touches the database."""
    with correlated("a-correlation-id"):
        assert await Acceptance(broker, database).accept(EVENT) == "published"

    [message] = broker.published
    assert (message.type, message.routing_key) == ("item.webhook_received", "item.webhook_received")
    assert message.correlation_id == "a-correlation-id"
    assert WebhookReceived.model_validate_json(message.body) == EVENT
    assert await stored(database) == []


async def test_the_broker_is_down(broker: FaultyBroker, database: Database) -> None:
    """What the broker does not take, the outbox keeps, whole and with its correlation id."""
    broker.down = True

    with correlated("a-correlation-id"):
        assert await Acceptance(broker, database).accept(EVENT) == "stored"

    [row] = await stored(database)
    assert (row["type"], row["correlation_id"]) == ("item.webhook_received", "a-correlation-id")
    assert WebhookReceived.model_validate(json.loads(str(row["body"]))) == EVENT


async def test_the_broker_does_not_confirm(broker: FaultyBroker, database: Database) -> None:
    """A broker that takes and does not confirm (an alarm, a partition) counts as down after the patience."""
    broker.hangs = True
    await database.ping()
    started = perf_counter()

    assert await Acceptance(broker, database, patience=PATIENCE).accept(EVENT) == "stored"

    assert PATIENCE <= perf_counter() - started < 10 * PATIENCE


async def test_answers_stay_fast_while_the_broker_hangs(broker: FaultyBroker, database: Database) -> None:
    """Once the circuit is open nobody waits for the broker."""
    acceptance = Acceptance(broker, database, patience=PATIENCE)
    broker.hangs = True
    await database.ping()
    await acceptance.accept(EVENT)
    times = []
    for _ in range(50):
        started = perf_counter()
        assert await acceptance.accept(EVENT) == "stored"
        times.append(perf_counter() - started)

    assert median(times) < PATIENCE / 2
    assert broker.tries == 1


async def test_a_probe_that_hangs_keeps_nobody_waiting(broker: FaultyBroker, database: Database, clock: Clock) -> None:
    """The webhook that probes the broker is answered from the outbox if the broker does not confirm at once."""
    acceptance = Acceptance(broker, database, patience=60, clock=clock)
    broker.down = True
    await acceptance.accept(EVENT)
    broker.down, broker.hangs = False, True
    clock.now += COOLDOWN

    async with asyncio.timeout(5):
        assert await acceptance.accept(EVENT) == "stored"
    assert broker.tries == 2


async def test_one_probe_at_a_time(broker: FaultyBroker, database: Database, clock: Clock) -> None:
    """However many come when the cooldown is over, one of them tries the broker."""
    acceptance = Acceptance(broker, database, patience=AMPLE, clock=clock)
    broker.down = True
    await acceptance.accept(EVENT)
    broker.down, broker.hangs = False, True
    clock.now += COOLDOWN

    assert await asyncio.gather(*(acceptance.accept(EVENT) for _ in range(50))) == ["stored"] * 50
    assert broker.tries == 2
    broker.release()


async def test_the_broker_is_back(broker: FaultyBroker, database: Database, clock: Clock) -> None:
    """After the cooldown one webhook probes; its success sends the next ones to the broker again."""
    acceptance = Acceptance(broker, database, clock=clock)
    broker.down = True
    await acceptance.accept(EVENT)
    broker.down = False
    assert await acceptance.accept(EVENT) == "stored"

    clock.now += COOLDOWN

    assert [await acceptance.accept(EVENT) for _ in range(3)] == ["published"] * 3


async def test_a_slow_probe_closes_the_circuit(broker: FaultyBroker, database: Database, clock: Clock) -> None:
    """A confirmation that comes too late for its own webhook still says that the broker works."""
    acceptance = Acceptance(broker, database, clock=clock)
    broker.down = True
    await acceptance.accept(EVENT)
    broker.down, broker.hangs = False, True
    clock.now += COOLDOWN
    assert await acceptance.accept(EVENT) == "stored"

    async def published() -> bool:
        return await acceptance.accept(EVENT) == "published"

    broker.release()
    await eventually(published)


async def test_both_are_down(broker: FaultyBroker, no_database: Database, clock: Clock) -> None:
    """Nothing is accepted that nobody keeps; with the broker back it is, at once, whatever the circuit says."""
    acceptance = Acceptance(broker, no_database, clock=clock)
    broker.down = True
    for _ in range(3):
        with pytest.raises(NotAccepted):
            await acceptance.accept(EVENT)

    broker.down = False

    assert await acceptance.accept(EVENT) == "published"


async def test_the_database_is_back(broker: FaultyBroker, proxied: Database, proxy: DatabaseProxy) -> None:
    """With both down and the database back, webhooks are accepted again."""
    acceptance = Acceptance(broker, proxied, patience=AMPLE)
    broker.down = True
    await acceptance.accept(EVENT)
    proxy.stop()
    with pytest.raises(NotAccepted):
        await acceptance.accept(EVENT)

    proxy.start()

    assert await acceptance.accept(EVENT) == "stored"
    assert len(await stored(proxied)) == 2


async def test_the_database_hangs(broker: FaultyBroker, proxied: Database, proxy: DatabaseProxy) -> None:
    """A frozen database costs the patience and no more, although its clean-up hangs as well; then it serves again."""
    acceptance = Acceptance(broker, proxied, patience=PATIENCE)
    broker.down = True
    await Acceptance(broker, proxied, patience=AMPLE).accept(EVENT)
    proxy.freeze()
    started = perf_counter()

    with pytest.raises(NotAccepted):
        await acceptance.accept(EVENT)

    assert perf_counter() - started < 10 * PATIENCE
    proxy.thaw()
    assert await Acceptance(broker, proxied, patience=AMPLE).accept(EVENT) == "stored"


async def test_every_connection_went_stale(broker: FaultyBroker, database: Database) -> None:
    """A restart of PostgreSQL breaks all connections of the pool; no webhook is refused for that, however many come."""
    acceptance = Acceptance(broker, database, patience=AMPLE)
    broker.down = True
    await asyncio.gather(*(acceptance.accept(EVENT) for _ in range(20)))
    async with database.transaction() as session:
        await session.execute(text(END_OTHERS))

    assert await asyncio.gather(*(acceptance.accept(EVENT) for _ in range(20))) == ["stored"] * 20


async def test_a_flood_while_both_hang(broker: FaultyBroker, proxied: Database, proxy: DatabaseProxy) -> None:
    """What waits for two that hang is bounded, what is too much is refused at once, and nothing is left behind."""
    acceptance = Acceptance(broker, proxied, patience=PATIENCE)
    await proxied.ping()
    broker.hangs, before = True, tasks()
    proxy.freeze()
    flood = [asyncio.ensure_future(acceptance.accept(EVENT)) for _ in range(MOST + 500)]
    done, _ = await asyncio.wait(flood, timeout=PATIENCE / 2)
    assert len(done) == 500

    answers = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(answer) for answer in answers} == {NotAccepted}

    async def nothing_left() -> bool:
        return tasks() <= before

    await eventually(nothing_left)
    broker.release()
    proxy.thaw()
    assert await acceptance.accept(EVENT) in {"published", "stored"}


async def test_senders_hang_up(broker: FaultyBroker, database: Database) -> None:
    """Who is gone before the answer takes up no room: as many as may wait hang up, and the next is taken."""
    acceptance = Acceptance(broker, database, patience=AMPLE)
    broker.hangs = True
    waiting = [asyncio.ensure_future(acceptance.accept(EVENT)) for _ in range(MOST)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)

    broker.release()

    assert await acceptance.accept(EVENT) == "published"


async def test_a_sender_hangs_up_while_it_is_stored(
    broker: FaultyBroker, proxied: Database, proxy: DatabaseProxy
) -> None:
    """What is on its way into the outbox gets there whole, whether anybody waits for the answer or not."""
    acceptance = Acceptance(broker, proxied, patience=AMPLE)
    await proxied.ping()
    broker.down = True
    proxy.freeze()
    accepting = asyncio.ensure_future(acceptance.accept(EVENT))
    await asyncio.wait({accepting}, timeout=0.05)
    accepting.cancel()
    await asyncio.wait({accepting})

    proxy.thaw()

    async def whole() -> bool:
        return len(await stored(proxied)) == 1

    await eventually(whole)


async def test_outbox_only(broker: FaultyBroker, database: Database, no_database: Database) -> None:
    """A composition without a broker that confirms stores everything, and publishes nothing by itself."""
    assert await Acceptance(broker, database, broker_first=False).accept(EVENT) == "stored"
    with pytest.raises(NotAccepted):
        await Acceptance(broker, no_database, broker_first=False).accept(EVENT)

    assert broker.tries == 0


@pytest.mark.parametrize("broker_down", [False, True])
@pytest.mark.parametrize("database_down", [False, True])
async def test_readiness(
    broker: FaultyBroker, proxied: Database, proxy: DatabaseProxy, *, broker_down: bool, database_down: bool
) -> None:
    """Ready while either of the two is there."""
    broker.down = broker_down
    if database_down:
        proxy.stop()
    acceptance = Acceptance(broker, proxied, patience=AMPLE)

    if broker_down and database_down:
        with pytest.raises(NotAccepted):
            await acceptance.broker_or_database()
    else:
        await acceptance.broker_or_database()


async def test_readiness_of_outbox_only(broker: FaultyBroker, no_database: Database) -> None:
    """Without the broker as a door, its being there does not make the service ready."""
    with pytest.raises(NotAccepted):
        await Acceptance(broker, no_database, broker_first=False).broker_or_database()
