from typing import Any

from sqlalchemy import text

from sync_worker.domain.accounts import Account
from sync_worker.store import accounts, rows
from tests.sync_worker.world import World

Json = dict[str, Any]


async def test_no_item_writes_into_anothers_rows(world: World) -> None:
    """An id that another user's item has already is never taken over, neither a transaction's nor an account's."""
    ours, theirs = await world.link(), await world.link(user_id=2)
    await world.worker.ring(theirs.id, "linked")
    before = await world.rows("SELECT * FROM plaid_transactions ORDER BY id")
    before_accounts = await world.rows("SELECT * FROM plaid_accounts ORDER BY id")
    their_transaction = min(await world.transactions(theirs))

    async def mix_up(name: str, answer: Json) -> Json:
        if name == "transactions_sync" and answer["added"]:
            answer["added"][0] |= {"transaction_id": their_transaction, "amount": 1}
            answer["added"][1]["account_id"] = before_accounts[0]["account_id"]
            answer["removed"].append({"transaction_id": max(row["transaction_id"] for row in before)})
        if name == "accounts_get":
            answer["accounts"].append(answer["accounts"][0] | {"account_id": before_accounts[0]["account_id"]})
        return answer

    world.worker.plaid.watch.after = mix_up
    await world.worker.ring(ours.id, "linked")
    id_ = {"id": theirs.id}
    theirs_now = await world.rows("SELECT * FROM plaid_transactions WHERE integration_id = :id ORDER BY id", **id_)
    assert theirs_now == before
    accounts_now = await world.rows("SELECT * FROM plaid_accounts WHERE integration_id = :id ORDER BY id", **id_)
    assert accounts_now == before_accounts
    assert len(await world.differences(ours)) == 2


async def test_accounts_are_locked_in_the_order_that_link_api_has(world: World) -> None:
    """Rows are written by code point, whatever the database's collation: two writers never wait for each other."""
    item = await world.link()
    ids = ["a", "B", "c", "D", "_", "-"]
    stated = [Account(account_id=id_, name="Account") for id_ in ids]
    async with world.worker.database.transaction() as session:
        await accounts.upsert(session, item.id, stated)
    written = await world.rows("SELECT account_id FROM plaid_accounts ORDER BY id")
    assert [row["account_id"] for row in written] == sorted(ids)


GROW = text("""
    INSERT INTO plaid_transactions
        (integration_id, account_id, transaction_id, amount, date, name, pending, content_hash)
    SELECT :id, (SELECT min(id) FROM plaid_accounts), 'new ' || n, n, '2026-11-20', 'NEW', false, ''
    FROM generate_series(1, 20000) AS n
""")
READ = text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'plaid_transactions'")


async def test_few_changes_read_few_rows(world: World) -> None:
    """However much the table grew since a worker first asked, a sync reads the rows that it is about."""
    item = await world.link(days=5)
    await world.worker.ring(item.id, "linked")
    some = list(await world.transactions(item))[:2]

    async def read() -> int:
        async with world.worker.database.transaction() as session:
            assert len(await rows.lock_known(session, item.id, some)) == 2
            return int((await session.execute(READ)).scalar_one())

    for _ in range(10):
        await read()
    async with world.worker.database.transaction() as session:
        await session.execute(GROW, {"id": item.id})
    assert await read() < 100
