from itertools import product

from sqlalchemy import text

from categorizer.domain.pipeline import Pipeline
from categorizer.domain.transfers import may_be_half
from categorizer.store import partners, transactions
from common.database import Database
from common.tables.sync_worker import MAY_BE_HALF
from tests.categorizer.bank import Bank
from tests.categorizer.household import household
from tests.categorizer.test_refunds import bought, returned


async def test_index_and_law_agree(database: Database, bank: Bank) -> None:
    """What the index holds is what the law lets be half of a transfer, as far as Plaid's columns say."""
    primaries = (None, "TRANSFER_IN", "TRANSFER_OUT", "LOAN_PAYMENTS", "LOAN_DISBURSEMENTS", "INCOME", "FOOD_AND_DRINK")
    levels = (None, "VERY_HIGH", "HIGH", "MEDIUM", "LOW", "UNKNOWN", "NEW")
    states: list[dict[str, object]] = [{}, {"pending": True}, {"sync_status": "removed"}]
    rows = [
        {"pfc_primary": primary, "pfc_confidence": level} | state
        for primary, level, state in product(primaries, levels, states)
    ]
    ids = await bank.add_many(rows)
    async with database.transaction() as session:
        known = await transactions.lock(session, bank.integration_id, ids)
        held = (await session.execute(text(f"SELECT id FROM plaid_transactions WHERE {MAY_BE_HALF}"))).scalars()
        assert set(held) == {one.transaction.id for one in known if may_be_half(one.transaction)}


async def test_no_table_is_read_whole(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Partners are found by index, even by plans that were cached while the tables were empty."""
    whole = text("""
        SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname IN ('plaid_transactions', 'expenses')
    """)
    home = await household(database, pipeline, bank)
    ids = [await bought(home.card), await returned(home.card)]
    await home.changed(home.card, *ids)
    for _ in range(10):
        async with database.transaction() as session:
            known = await transactions.lock(session, bank.integration_id, ids)
            await partners.halves(session, 1, known)
            refunds = await partners.refunds(session, 1, ["lowes"], but=[])
            assert [one.spending.transaction_id for one in refunds] == ids[1:]
            found = await partners.purchases(session, 1, [one.spending for one in refunds])
            assert [one.spending.transaction_id for one in found] == ids[:1]
            await partners.followers(session, 1, [1])
            assert (await session.execute(whole)).scalar_one() == 0


async def test_one_account_needs_no_search(database: Database, bank: Bank) -> None:
    """Whether there are two accounts to move money between is known with the claim."""
    async with database.transaction() as session:
        assert not await partners.claim(session, 1)
    await bank.open(type="depository")
    async with database.transaction() as session:
        assert await partners.claim(session, 1)


async def test_a_merchants_rows_alone_are_read(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """What a user spent elsewhere is not read for a refund, even by plans that were cached while there was little."""
    fetched = text("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'expenses'")
    home = await household(database, pipeline, bank)
    ids = [await bought(home.card), await returned(home.card)]
    await home.changed(home.card, *ids)

    async def reading() -> int:
        async with database.transaction() as session:
            refunds = await partners.refunds(session, 1, ["lowes"], but=[])
            before = (await session.execute(fetched)).scalar_one()
            await partners.purchases(session, 1, [one.spending for one in refunds])
            return int((await session.execute(fetched)).scalar_one() - before)

    for _ in range(10):
        await reading()
    await home.changed(home.card, *await bank.add_many([{}] * 200))
    assert await reading() < 10
