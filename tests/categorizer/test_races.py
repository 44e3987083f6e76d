"""What concurrency, order, duplication and crashes may do to the expenses: nothing."""

import asyncio
import random
from decimal import Decimal

import pytest
from sqlalchemy import text

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.store import transactions
from common.broker import Message
from common.database import Database
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.locks import waits_for_a_lock

VERSIONS: list[dict[str, object]] = [
    {"amount": Decimal("3.50")},
    {"sync_status": "removed"},
    {"sync_status": "synced"},
    {"pending": True},
    {"pending": False},
    {"pfc_primary": "TRANSFER_OUT", "pfc_detailed": "TRANSFER_OUT_SAVINGS"},
    {"pfc_primary": "TRANSPORTATION", "pfc_detailed": "TRANSPORTATION_GAS"},
    {"pfc_confidence": "LOW"},
    {"amount": Decimal("-3.50")},
]
ROWS = [
    {"transaction_id": f"{{bank}}-{n}", "pending_transaction_id": f"{{bank}}-{n - 1}" if n % 3 == 0 else None}
    for n in range(30)
]
FACE = (
    "amount",
    "iso_currency_code",
    "description",
    "vendor",
    "expense_date",
    "payment_method",
    "auto_category",
    "confidence",
    "source",
    "reason",
    "needs_review",
)


async def stored(bank: Bank) -> list[int]:
    """Store the rows of this bank."""
    return await bank.add_many(
        [{key: value and value.format(bank=bank.user_id) for key, value in row.items()} for row in ROWS]
    )


async def live(bank: Bank) -> list[tuple[object, ...] | None]:
    """Return what the user sees of each row, by its place in ROWS."""
    expenses = {expense.transaction_id: expense for expense in await bank.expenses()}
    faces: list[tuple[object, ...] | None] = []
    for id_ in sorted(await bank.transactions()):
        expense = expenses.get(id_)
        seen = expense is not None and expense.withdrawn_at is None
        faces.append(tuple(getattr(expense, name) for name in FACE) if seen else None)
    return faces


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_ends_alike(database: Database, pipeline: Pipeline, seed: int) -> None:
    """Doubled, reordered, overlapping and concurrent messages beside changing rows end where one at a time ends."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible shuffle
    wild, calm = await linked_bank(database, 1), await linked_bank(database, 2)
    wild_ids, calm_ids = await stored(wild), await stored(calm)
    changes = [(chance.randrange(len(ROWS)), chance.choice(VERSIONS)) for _ in range(60)]

    async def change_rows() -> None:
        for place, different in changes:
            await wild.modify(wild_ids[place], **different)
            await asyncio.sleep(0)

    def messages() -> list[list[int]]:
        touched = [[wild_ids[place]] for place, _ in changes]
        chunks = [chance.sample(wild_ids, 12) for _ in range(8)]
        return chance.sample(touched + chunks, len(touched) + len(chunks))

    await asyncio.gather(change_rows(), *(decide(wild.changed(*ids), database, pipeline) for ids in messages()))
    last = [*messages(), *messages(), wild_ids]
    await asyncio.gather(*(decide(wild.changed(*ids), database, pipeline) for ids in last))

    for place, different in changes:
        await calm.modify(calm_ids[place], **different)
    await decide(calm.changed(*calm_ids), database, pipeline)

    assert await live(wild) == await live(calm)
    assert any(await live(calm))
    expenses = await wild.expenses()
    assert len({expense.transaction_id for expense in expenses}) == len(expenses)
    rows = await wild.transactions()
    assert all(row.decided_version == row.version for row in rows.values())
    assert {id_: row.expense_id for id_, row in rows.items() if row.expense_id} == {
        expense.transaction_id: expense.id for expense in expenses
    }


async def test_many_at_once_make_one(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Many deliveries of the same and of overlapping new ids, in any order, make one expense for each transaction."""
    ids = await bank.add_many([{}] * 60)
    chunks = [ids, ids[::-1], ids[20:40], ids[10:50][::-1], *([id_] for id_ in ids[:10])]
    await asyncio.gather(*(decide(bank.changed(*chunk), database, pipeline) for chunk in chunks))
    assert [expense.transaction_id for expense in await bank.expenses()] == ids


async def test_user_decides_meanwhile(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """What a user decides while their transactions are modified and re-decided is never lost."""
    ids = await bank.add_many([{}] * 20)
    await decide(bank.changed(*ids), database, pipeline)

    async def change(id_: int) -> None:
        await bank.modify(id_, amount=Decimal(id_ + 1))
        await decide(bank.changed(id_), database, pipeline)

    await asyncio.gather(
        *(change(id_) for id_ in ids), *(bank.decide(id_, note=f"note {id_}", excluded=True) for id_ in ids)
    )
    assert [(expense.note, expense.excluded, expense.amount) for expense in await bank.expenses()] == [
        (f"note {id_}", True, Decimal(id_ + 1)) for id_ in ids
    ]


async def test_mute_that_wins_the_race(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """A message that waited for a lock sees the account as it is then, not as it was when the waiting began."""
    id_ = await bank.add()
    async with database.transaction() as session:
        await transactions.lock(session, bank.integration_id, [id_])
        waiting = asyncio.create_task(decide(bank.changed(id_), database, pipeline))
        await waits_for_a_lock(database)
        await bank.mute()
    await waiting
    assert await bank.expenses() == []


async def test_locks_in_order(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Rows are locked in `transaction_id` order, as sync_worker locks them: waiting for the first holds no other."""
    ids = await bank.add_many([{"transaction_id": name} for name in ("d", "c", "b", "a")])
    others = text("SELECT count(*) FROM (SELECT FROM plaid_transactions FOR UPDATE SKIP LOCKED) AS free")
    async with database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions WHERE transaction_id = 'a' FOR UPDATE"))
        waiting = asyncio.create_task(decide(bank.changed(*ids), database, pipeline))
        await waits_for_a_lock(database)
        async with database.transaction() as beside:
            assert (await beside.execute(others)).scalar_one() == 3
    await waiting
    assert len(await bank.expenses()) == 4


async def test_killed_halfway(database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]) -> None:
    """A handler that dies inside its transaction leaves no expense, no mark and no event; the next one does all."""
    ids = await bank.add_many([{}] * 3)
    async with database.transaction() as session:
        await session.execute(text("SELECT FROM users WHERE id = 1 FOR UPDATE"))  # an expense must wait for its user
        halfway = asyncio.create_task(decide(bank.changed(*ids), database, pipeline))
        await waits_for_a_lock(database)
        halfway.cancel()
        with pytest.raises(asyncio.CancelledError):
            await halfway
    assert await bank.expenses() == []
    assert [row.decided_version for row in (await bank.transactions()).values()] == [0, 0, 0]
    assert emitted == []
    await decide(bank.changed(*ids), database, pipeline)
    assert [expense.transaction_id for expense in await bank.expenses()] == ids


async def test_failed_at_the_end(
    database: Database, bank: Bank, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure after the expenses were written takes them back."""

    async def fail(*_: object) -> None:
        raise ConnectionError("the server went away")

    id_ = await bank.add()
    with monkeypatch.context() as fault:
        fault.setattr(transactions, "mark", fail)
        with pytest.raises(ConnectionError):
            await decide(bank.changed(id_), database, pipeline)
    assert await bank.expenses() == []
    await decide(bank.changed(id_), database, pipeline)
    assert (await bank.expense()).transaction_id == id_
