import asyncio

import httpx2
import pytest
from sqlalchemy import text

from categorizer import data
from categorizer.handlers import decide
from common.events import TransactionsChanged
from tests.categorizer.bank import linked_bank
from tests.link_api.ledger import ledger
from tests.link_api.world import World, bearer

ACCOUNTS = "/api/plaid/accounts"


async def test_an_account_that_plaid_no_longer_names_is_listed_only_when_asked_for(live: World) -> None:
    """Its last balance never passes for a current one; `include=inactive` shows it, marked."""
    book = await ledger(live)
    await live.change("UPDATE plaid_accounts SET is_active = false, revoked_at = '2026-11-20T09:00:00Z'")
    assert (await live.get(ACCOUNTS)).json()["items"] == []
    [shown] = (await live.get(ACCOUNTS, include="inactive")).json()["items"]
    assert (shown["id"], shown["is_active"], shown["revoked_at"]) == (book.account_id, False, "2026-11-20T09:00:00Z")
    assert (await live.get(ACCOUNTS, include="all")).status_code == 422


async def test_an_account_that_is_named_is_active(live: World) -> None:
    """What Plaid names is listed as current."""
    await ledger(live)
    [shown] = (await live.get(ACCOUNTS)).json()["items"]
    assert (shown["is_active"], shown["revoked_at"]) == (True, None)


async def test_accounts_of_a_disconnected_bank_are_never_listed(live: World) -> None:
    """Inactive ones are those of connected banks."""
    book = await ledger(live)
    await live.delete(f"/api/plaid/integrations/{book.integration_id}")
    assert (await live.get(ACCOUNTS, include="inactive")).json()["items"] == []


async def mute(live: World, account_id: object, body: object, user_id: int = 1) -> httpx2.Response:
    return await live.api.patch(f"/api/plaid/accounts/{account_id}", json=body, headers=bearer(user_id))


async def redecided(live: World) -> list[int]:
    return [id_ for event in await live.emitted("transactions.changed") for id_ in event["transaction_ids"]]


async def test_a_muted_account_has_its_expenses_decided_anew(live: World) -> None:
    """All of its transactions that stand, each once, and no other account's; what changes nothing asks for nothing."""
    book, other = await ledger(live), await ledger(live)
    await other.transaction()
    mine = [await book.transaction(), await book.transaction(pending=True)]
    gone = await book.transaction()
    await live.change("UPDATE plaid_transactions SET sync_status = 'removed' WHERE id = :id", id=gone)
    switches: list[tuple[bool, list[int]]] = [(True, []), (False, mine), (False, mine), (True, mine * 2)]
    for enabled, asked in switches:
        answer = await mute(live, book.account_id, {"enabled": enabled})
        assert (answer.status_code, answer.json()["id"], answer.json()["enabled"]) == (200, book.account_id, enabled)
        assert await redecided(live) == asked
    events = await live.emitted("transactions.changed")
    assert {event["integration_id"] for event in events} == {book.integration_id}


async def test_expenses_of_a_muted_account_go_and_come_back_as_they_were(live: World) -> None:
    """What the categorizer makes of it: no expense while muted, and the user's note is there again afterwards."""
    bank, pipeline = await linked_bank(live.database, 1), data.pipeline()
    await decide(bank.changed(await bank.add()), live.database, pipeline)
    [expense] = (await live.get("/api/expenses")).json()["items"]
    noted = {"note": "for the Miller kitchen"}
    await live.api.patch(f"/api/expenses/{expense['id']}", json=noted, headers=bearer())
    for enabled, notes in [(False, []), (True, [noted["note"]])]:
        await mute(live, bank.account_id, {"enabled": enabled})
        latest = (await live.emitted("transactions.changed"))[-1]
        await decide(TransactionsChanged.model_validate(latest), live.database, pipeline)
        assert [one["note"] for one in (await live.get("/api/expenses")).json()["items"]] == notes


async def test_a_long_history_is_decided_anew_in_parts(live: World) -> None:
    """No event carries more than 500 ids, and none is left out."""
    book = await ledger(live)
    first = await book.transaction()
    await live.change(
        """INSERT INTO plaid_transactions
            (integration_id, account_id, transaction_id, amount, date, name, pending, content_hash)
        SELECT integration_id, account_id, 'copy ' || n, amount, date, name, pending, content_hash
        FROM plaid_transactions, generate_series(1, 1000) n WHERE id = :id""",
        id=first,
    )
    await mute(live, book.account_id, {"enabled": False})
    events = await live.emitted("transactions.changed")
    assert sorted(len(event["transaction_ids"]) for event in events) == [1, 500, 500]
    assert len(set(await redecided(live))) == 1001


async def test_a_switch_that_cannot_be_told_does_not_happen(live: World) -> None:
    """Account and events commit together or not at all."""
    book = await ledger(live)
    await book.transaction()
    await live.change("ALTER TABLE outbox ADD CONSTRAINT broken CHECK (type <> 'transactions.changed')")
    assert (await mute(live, book.account_id, {"enabled": False})).status_code == 500
    [row] = await live.rows("SELECT enabled FROM plaid_accounts WHERE id = :id", id=book.account_id)
    assert row["enabled"] is True


async def test_a_transaction_that_comes_while_its_account_is_muted_is_not_missed(live: World) -> None:
    """The switch waits for whoever is storing transactions of the account, and then sees them."""
    book = await ledger(live)
    async with live.database.transaction() as session:
        sql = """INSERT INTO plaid_transactions
                (integration_id, account_id, transaction_id, amount, date, name, pending, content_hash)
            VALUES (:integration_id, :account_id, 'late', 1, '2026-11-20', 'LATE', false, '') RETURNING id"""
        ids = {"integration_id": book.integration_id, "account_id": book.account_id}
        late = (await session.execute(text(sql), ids)).scalar_one()
        muting = asyncio.create_task(mute(live, book.account_id, {"enabled": False}))
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE OF a%'"
        async with asyncio.timeout(10):
            while not await live.rows(waiting):  # noqa: ASYNC110 - another process's lock
                await asyncio.sleep(0.02)
    assert (await muting).status_code == 200
    assert await redecided(live) == [late]


async def test_nobody_mutes_another_users_account(live: World) -> None:
    """A foreign, an unknown and an impossible id are 404, and nothing changes."""
    theirs = await ledger(live, user_id=2)
    await theirs.transaction()
    for id_ in (theirs.account_id, 99, "x", 2**31):
        answer = await mute(live, id_, {"enabled": False})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    [row] = await live.rows("SELECT enabled FROM plaid_accounts WHERE id = :id", id=theirs.account_id)
    assert (row["enabled"], await redecided(live)) == (True, [])


@pytest.mark.parametrize("body", [{}, {"enabled": None}, {"enabled": "no"}, {"enabled": False, "name": "Mine"}])
async def test_a_switch_is_on_or_off(live: World, body: object) -> None:
    """Nothing else about an account is the user's."""
    book = await ledger(live)
    assert (await mute(live, book.account_id, body)).status_code == 422
