from typing import Any

from sqlalchemy import text

from sync_worker.store import versions
from tests.sync_worker.world import Linked, World

KEPT = """
    SELECT v.version, v.amount, v.name, v.sync_status FROM plaid_transaction_versions v
    JOIN plaid_transactions t ON t.id = v.transaction_id WHERE t.transaction_id = :id ORDER BY v.version
"""


async def kept(world: World, id_: str) -> list[tuple[Any, ...]]:
    """Return what is kept of a transaction, oldest first."""
    return [tuple(row.values()) for row in await world.rows(KEPT, id=id_)]


async def begin(world: World) -> tuple[Linked, str, tuple[Any, ...]]:
    """Link and read an item; return a transaction of it, and how the bank told that first."""
    item = await world.link(days=5)
    await world.worker.ring(item.id, "linked")
    one = min(await world.transactions(item))
    [row] = await world.rows("SELECT amount, name FROM plaid_transactions WHERE transaction_id = :id", id=one)
    return item, one, (1, row["amount"], row["name"], "synced")


async def test_what_the_bank_told_before_is_kept(world: World) -> None:
    """Each row that a change or a removal replaces is kept as it was; a first reading and no change keep nothing."""
    item, one, first = await begin(world)
    assert await world.rows("SELECT * FROM plaid_transaction_versions") == []
    await world.bank.edit(item.item_id, one, amount=12.5, name="TOLD ANEW")
    await world.worker.ring(item.id)
    await world.bank.edit(item.item_id, one)
    await world.worker.ring(item.id)
    assert await kept(world, one) == [first]
    await world.bank.withdraw(item.item_id, one)
    await world.worker.ring(item.id)
    [before, after] = await kept(world, one)
    assert (before, after[0], float(after[1]), after[2:]) == (first, 2, 12.5, ("TOLD ANEW", "synced"))


async def test_it_is_bounded_and_goes_with_its_transaction(world: World) -> None:
    """Of a transaction that is told anew for ever the newest twenty are kept; deleted, it leaves nothing behind."""
    item, one, _ = await begin(world)
    for _ in range(25):
        async with world.worker.database.transaction() as session:
            await versions.keep(session, item.id, [one])
            again = text("UPDATE plaid_transactions SET version = version + 1 WHERE transaction_id = :id")
            await session.execute(again, {"id": one})
    assert [row[0] for row in await kept(world, one)] == list(range(6, 26))
    async with world.worker.database.transaction() as session:
        await session.execute(text("DELETE FROM plaid_transactions WHERE transaction_id = :id"), {"id": one})
        left = await session.execute(text("SELECT count(*) FROM plaid_transaction_versions"))
        assert left.scalar_one() == 0


async def test_no_item_keeps_anothers_rows(world: World) -> None:
    """An id that is another item's keeps nothing."""
    item, one, _ = await begin(world)
    async with world.worker.database.transaction() as session:
        await versions.keep(session, item.id + 1, [one])
    assert await kept(world, one) == []
