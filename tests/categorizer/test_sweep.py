import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from categorizer import sweep
from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.store import transactions
from categorizer.sweep import PATIENCE, Sweep
from common.broker import Message
from common.database import Database
from common.events import CHUNK, TransactionsChanged
from tests.categorizer.bank import Bank, linked_bank

LONG_AGO = datetime.now(UTC) - timedelta(minutes=1)


class Clock:
    """Time that stands still until told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def events(messages: list[Message]) -> list[TransactionsChanged]:
    """Return the swept events, and forget them."""
    found = [TransactionsChanged.model_validate_json(message.body) for message in messages]
    messages.clear()
    return found


async def test_lost_message(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message], clock: Clock
) -> None:
    """What a lost message left undecided is rung for and then stands; what is decided is left alone."""
    lost = await bank.add(updated_at=LONG_AGO)
    done = await bank.add(updated_at=LONG_AGO)
    await decide(bank.changed(done), database, pipeline)
    emitted.clear()
    assert await Sweep(database, clock).once() == 1
    (event,) = events(emitted)
    assert (event.transaction_ids, event.rung_at) == ([lost], LONG_AGO)
    await decide(event, database, pipeline)
    assert [expense.transaction_id for expense in await bank.expenses()] == [lost, done]
    clock.now += PATIENCE
    assert await Sweep(database, clock).once() == 0


async def test_new_version(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message], clock: Clock
) -> None:
    """A lost message about a new version of a decided transaction is found as well."""
    id_ = await bank.add()
    await decide(bank.changed(id_), database, pipeline)
    await bank.modify(id_, updated_at=LONG_AGO)
    emitted.clear()
    assert await Sweep(database, clock).once() == 1


async def test_young_ones_are_left(database: Database, bank: Bank, clock: Clock) -> None:
    """A transaction whose message is still on its way is not rung for."""
    await bank.add()
    assert await Sweep(database, clock).once() == 0


async def test_once_a_minute(database: Database, bank: Bank, emitted: list[Message], clock: Clock) -> None:
    """The same transaction is rung for again only after a minute, in which new ones are found."""
    first = await bank.add(updated_at=LONG_AGO)
    swept = Sweep(database, clock)
    await swept.once()
    clock.now += PATIENCE - 1
    second = await bank.add(updated_at=LONG_AGO)
    await swept.once()
    assert [event.transaction_ids for event in events(emitted)] == [[first], [second]]
    clock.now += 1
    await swept.once()
    assert [event.transaction_ids for event in events(emitted)] == [[first]]


async def test_chunks(database: Database, bank: Bank, emitted: list[Message], clock: Clock) -> None:
    """Many are rung for in events that are not too large, of one integration each; a huge backlog not at once."""
    other = await linked_bank(database, 2)
    mine = await bank.add_many([{"updated_at": LONG_AGO}] * (CHUNK + 1))
    theirs = await other.add_many([{"updated_at": LONG_AGO}] * 2)
    await Sweep(database, clock).once()
    found = [(event.integration_id, event.transaction_ids) for event in events(emitted)]
    assert found == [
        (bank.integration_id, mine[:CHUNK]),
        (bank.integration_id, mine[CHUNK:]),
        (other.integration_id, theirs),
    ]


async def test_backlog_is_bounded(
    database: Database, bank: Bank, emitted: list[Message], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sweep takes so many and no more; the next goes on behind them."""
    monkeypatch.setattr(sweep, "MOST", 3)
    ids = await bank.add_many([{"updated_at": LONG_AGO}] * 5)
    swept = Sweep(database, clock)
    assert [await swept.once(), await swept.once(), await swept.once()] == [3, 2, 0]
    assert [event.transaction_ids for event in events(emitted)] == [ids[:3], ids[3:]]


async def test_outage(database: Database, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop outlives a database that is away, and sweeps when it is back."""
    await bank.add(updated_at=LONG_AGO)
    monkeypatch.setattr(sweep, "EVERY", 0.01)
    tried, swept = asyncio.Event(), asyncio.Event()
    database.after_commit = lambda _: swept.set()
    with monkeypatch.context() as fault:

        async def away(*_: object, **__: object) -> None:
            tried.set()
            raise OperationalError("SELECT", None, Exception("the server went away"))

        fault.setattr(transactions, "undecided", away)
        loop = asyncio.create_task(Sweep(database).run())
        async with asyncio.timeout(10):
            await tried.wait()
    async with asyncio.timeout(10):
        await swept.wait()
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
