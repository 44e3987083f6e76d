from datetime import timedelta

import pytest
from sqlalchemy import text

from categorizer.store import transactions
from categorizer.store.transactions import Mark
from common.database import Database
from tests.categorizer.bank import Bank, linked_bank

NOW = timedelta(0)


async def test_owner(database: Database, bank: Bank) -> None:
    """An integration's expenses belong to who linked it; an unknown integration to nobody."""
    async with database.transaction() as session:
        assert await transactions.owner(session, bank.integration_id) == bank.user_id
        assert await transactions.owner(session, 10**6) is None


@pytest.mark.parametrize("named", ["pending", "posted"])
async def test_twins_come_along(database: Database, bank: Bank, named: str) -> None:
    """Whichever of a pending row and its posted twin is named, both are locked; only what is posted supersedes."""
    ids = {"pending": await bank.add(transaction_id="p", pending=True), "alone": await bank.add()}
    ids["posted"] = await bank.add(pending_transaction_id="p")
    async with database.transaction() as session:
        known = await transactions.lock(session, bank.integration_id, [ids[named]])
    assert {one.transaction.id: one.transaction.superseded for one in known} == {
        ids["pending"]: True,
        ids["posted"]: False,
    }


async def test_strangers_stay_out(database: Database, bank: Bank) -> None:
    """Rows of another integration are neither locked nor read, named or as twins, and supersede nothing."""
    stranger = await linked_bank(database, 2)
    mine = await bank.add(transaction_id="p")
    foreign = await stranger.add(pending_transaction_id="p")
    async with database.transaction() as session:
        known = await transactions.lock(session, bank.integration_id, [mine, foreign])
    assert [(one.transaction.id, one.transaction.superseded) for one in known] == [(mine, False)]


async def test_undecided(database: Database, bank: Bank) -> None:
    """A transaction waits until its version is marked as decided, and again with the next version."""

    async def waiting(but: list[int]) -> list[int]:
        async with database.transaction() as session:
            return [row.id for row in await transactions.undecided(session, NOW, but=but, most=10)]

    first, second = await bank.add(), await bank.add()
    assert await waiting([]) == [first, second]
    assert await waiting([first]) == [second]
    async with database.transaction() as session:
        await transactions.mark(session, [Mark(first, 1, None), Mark(second, 1, None)])
    assert await waiting([]) == []
    await bank.modify(second)
    assert await waiting([]) == [second]


async def test_no_table_is_read_whole(database: Database, bank: Bank) -> None:
    """Rows are reached by index even by plans that were cached while the tables were empty."""
    whole = text("SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname LIKE 'plaid_transactions%'")
    id_ = await bank.add()
    for _ in range(10):
        async with database.transaction() as session:
            await transactions.lock(session, bank.integration_id, [id_])
            assert (await session.execute(whole)).scalar_one() == 0
