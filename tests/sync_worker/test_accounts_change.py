"""Accounts that appear, vanish, come back, change their id, are taken back by their user; and their balances."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import RowMapping, text

from common.events import TransactionsChanged, UserNotified
from tests.sync_worker.world import Linked, World, until

Json = dict[str, Any]

ACCOUNTS = "SELECT * FROM plaid_accounts WHERE integration_id = :id"
ROWS = "SELECT * FROM plaid_transactions WHERE account_id = :id ORDER BY id"
NOTICES = "SELECT * FROM notifications WHERE kind = 'account_revoked' AND account_id = :id"
A_DAY_PASSES = "UPDATE plaid_accounts SET revoked_at = revoked_at - interval '1 day 1 s' WHERE revoked_at IS NOT NULL"


async def accounts(world: World, item: Linked) -> dict[str, RowMapping]:
    """Return our rows of the item's accounts, by Plaid's id."""
    return {row["account_id"]: row for row in await world.rows(ACCOUNTS, id=item.id)}


async def revoke(world: World, item: Linked, account_id: str) -> None:
    """Let Plaid tell that the user took the account back; the bank goes on naming it."""
    await world.worker.hear(item.item_id, "USER_ACCOUNT_REVOKED", "ITEM", account_id=account_id)


async def notices(world: World, account: RowMapping) -> list[bool]:
    """Return for each time that the account's loss was told whether it still stands."""
    rows = await world.rows(NOTICES, id=account["id"])
    told = [event for event in world.worker.events(UserNotified) if event.kind == "account_revoked"]
    assert sorted(event.notification_id for event in told if not event.cleared) == sorted(row["id"] for row in rows)
    cleared = [row["id"] for row in rows if row["cleared_at"]]
    assert sorted(event.notification_id for event in told if event.cleared) == sorted(cleared)
    return [row["cleared_at"] is None for row in rows]


async def test_an_account_that_appears_is_there_with_its_balance(world: World) -> None:
    """A new account is stored by the next sync, also before it has a transaction, and then takes what it is sent."""
    item = await world.caught_up()
    opened = await world.bank.open_account(item.item_id, name="Second", balance=Decimal("12.34"), mask="4242")
    await world.worker.ring(item.id)
    row = (await accounts(world, item))[opened]
    assert (row["name"], row["mask"], row["current_balance"]) == ("Second", "4242", Decimal("12.34"))
    assert (row["is_active"], row["enabled"], row["iso_currency_code"]) == (True, True, "USD")
    await world.bank.add(item.item_id, amount=3, account_id=opened)
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}


async def test_an_account_that_closes_leaves_its_history(world: World) -> None:
    """It is marked, its rows stay as they were and nobody is called to decide on them anew; its user is told once."""
    item = await world.caught_up()
    account_id = min(row["account_id"] for row in (await world.transactions(item)).values())
    account = (await accounts(world, item))[account_id]
    rows = await world.rows(ROWS, id=account["id"])
    await world.bank.close_account(item.item_id, account_id)
    for _ in range(3):
        await world.worker.ring(item.id)
        closed = (await accounts(world, item))[account_id]
        assert (closed["id"], closed["is_active"], closed["enabled"]) == (account["id"], False, True)
        assert await notices(world, account) == [True]
    assert await world.rows(ROWS, id=account["id"]) == rows != []
    assert world.worker.events(TransactionsChanged) == []
    assert [one["is_active"] for key, one in (await accounts(world, item)).items() if key != account_id] == [True] * 2


async def test_an_account_that_comes_back_is_there_again(world: World) -> None:
    """It is active under its old row, the notice of its loss is over; the next loss is told again."""
    item = await world.caught_up()
    hidden = min(await accounts(world, item))
    account = (await accounts(world, item))[hidden]

    async def hide(name: str, answer: Json) -> Json:
        if name == "accounts_get":
            answer["accounts"] = [one for one in answer["accounts"] if one["account_id"] != hidden]
        return answer

    for times in (1, 2):
        world.worker.plaid.watch.after = hide
        await world.worker.ring(item.id)
        assert not (await accounts(world, item))[hidden]["is_active"]
        assert (await notices(world, account)).count(True) == 1
        world.worker.plaid.watch.after = None
        await world.worker.ring(item.id)
        back = (await accounts(world, item))[hidden]
        assert (back["id"], back["is_active"]) == (account["id"], True)
        assert await notices(world, account) == [False] * times


async def test_an_account_that_plaid_words_unreadably_is_not_lost(world: World) -> None:
    """What is named in a form that we cannot read is named: nothing is marked, nobody is told."""
    item = await world.caught_up()
    odd = min(await accounts(world, item))
    account = (await accounts(world, item))[odd]

    async def garble(name: str, answer: Json) -> Json:
        for one in answer["accounts"] if name == "accounts_get" else ():
            if one["account_id"] == odd:
                one["balances"]["current"] = "plenty"
        return answer

    world.worker.plaid.watch.after = garble
    await world.worker.ring(item.id)
    assert (await accounts(world, item))[odd]["is_active"]
    assert await notices(world, account) == []


@pytest.mark.parametrize(
    ("institution_id", "look"),
    [("ins_109508", {}), ("ins_109511", {"mask": "8888", "name": "Renamed"})],
    ids=["by its look", "by its persistent id"],
)
async def test_churn_keeps_the_account(world: World, institution_id: str, look: dict[str, str]) -> None:
    """Under a new id it is the same row, with the user's switch; its transactions go as Plaid says; no loss is told."""
    item = await world.caught_up(institution_id=institution_id)
    before = await accounts(world, item)
    await world.rows("UPDATE plaid_accounts SET enabled = false")
    ids = await world.bank.churn_account(item.item_id, "@checking", **look)
    old, new = ids["churned_account_id"], ids["account_id"]
    await world.worker.hear(item.item_id)
    after = await accounts(world, item)
    assert after.keys() == (before.keys() - {old}) | {new}
    assert after[new]["id"] == before[old]["id"]
    assert {row["enabled"] for row in after.values()} == {False}
    assert await notices(world, after[new]) == []
    assert await world.differences(item) == {}
    events = sorted(world.worker.changed_ids())
    moved = await world.rows("SELECT id FROM plaid_transactions WHERE account_id = :id", id=after[new]["id"])
    assert events == sorted(row["id"] for row in moved)


async def test_a_revoked_account_is_marked_at_once(world: World) -> None:
    """Within a day no sync that still names it brings it back; after that Plaid is believed, and the notice ends."""
    item = await world.caught_up()
    account_id = min(await accounts(world, item))
    account = (await accounts(world, item))[account_id]
    for _ in range(2):
        await revoke(world, item, account_id)
        await world.worker.ring(item.id)
        assert not (await accounts(world, item))[account_id]["is_active"]
        assert await notices(world, account) == [True]
    await world.rows(A_DAY_PASSES)
    await world.worker.ring(item.id)
    back = (await accounts(world, item))[account_id]
    assert (back["is_active"], back["revoked_at"]) == (True, None)
    assert await notices(world, account) == [False]


async def test_a_revoked_account_that_vanishes_is_told_once(world: World) -> None:
    """The webhook and the list tell the same loss, in whichever order they come."""
    item = await world.caught_up()
    account_id = await world.bank.close_account(item.item_id)
    account = (await accounts(world, item))[account_id]
    await world.worker.ring(item.id)
    await revoke(world, item, account_id)
    await world.rows(A_DAY_PASSES)
    await world.worker.ring(item.id)
    assert not (await accounts(world, item))[account_id]["is_active"]
    assert await notices(world, account) == [True]


async def test_a_repair_forgives(world: World) -> None:
    """Who went through update mode has chosen anew: what Plaid names from then on is there."""
    item = await world.caught_up()
    account_id = min(await accounts(world, item))
    account = (await accounts(world, item))[account_id]
    await revoke(world, item, account_id)
    await world.worker.ring(item.id, "repaired")
    row = (await accounts(world, item))[account_id]
    assert (row["is_active"], row["revoked_at"]) == (True, None)
    assert await notices(world, account) == [False]


@pytest.mark.parametrize("how", ["revoked", "repaired"])
async def test_who_marks_an_account_does_not_hold_its_item(world: World, how: str) -> None:
    """Accounts are locked before items: a webhook, a repair and a commit that meet wait, and never in a circle."""
    item, other = await world.caught_up(), await world.hire()
    account_id = min(await accounts(world, item))
    await world.rows("UPDATE plaid_accounts SET revoked_at = now()")
    async with world.worker.database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_accounts FOR UPDATE"))
        facts = {"code": "USER_ACCOUNT_REVOKED", "kind": "ITEM", "account_id": account_id}
        work = other.hear(item.item_id, **facts) if how == "revoked" else other.ring(item.id, "repaired")
        marking = asyncio.create_task(work)

        async def waits() -> bool:
            return bool(await world.rows("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))

        await until(waits)
        await session.execute(text("UPDATE plaid_integrations SET updated_at = now()"))
    await marking
    assert (await accounts(world, item))[account_id]["is_active"] == (how == "repaired")


async def test_an_unknown_account_cannot_be_revoked(world: World) -> None:
    """A revocation of what we never saw, or of another item's account, marks and tells nothing."""
    item, other = await world.caught_up(), await world.caught_up(user_id=2)
    for account_id in ("nobody's", min(await accounts(world, other))):
        await revoke(world, item, account_id)
    assert all(row["is_active"] for row in (await accounts(world, other)).values())
    assert world.worker.events(UserNotified) == []


async def test_balances_move_without_a_transaction(world: World) -> None:
    """An empty delta brings them to the last digit, with a later as-of time; what the bank hides is unknown."""
    item = await world.caught_up()
    account_id = min(await accounts(world, item))
    before = (await accounts(world, item))[account_id]
    for current, available in ((Decimal("98765432.1234567"), Decimal("0.01")), (Decimal("-0.1000001"), None)):
        await world.bank.set_balance(item.item_id, account_id, current=current, available=available)
        await world.worker.ring(item.id)
        after = (await accounts(world, item))[account_id]
        assert (after["current_balance"], after["available_balance"]) == (current, available)
        assert after["balance_as_of"] > before["balance_as_of"]
        before = after
    assert world.worker.events(TransactionsChanged) == []


@pytest.mark.parametrize(
    ("currency", "balance", "limit"),
    [
        ({"iso_currency_code": "JPY"}, "1234567", "2000000"),
        ({"iso_currency_code": "KWD"}, "1234.567", "9999.999"),
        ({"unofficial_currency_code": "USDT"}, "0.1234567", None),
    ],
    ids=str,
)
async def test_balances_of_any_currency(
    world: World, currency: dict[str, str], balance: str, limit: str | None
) -> None:
    """Yen have no cents, dinars have a thousand, coins have no ISO code: amounts and codes are kept as told."""
    item = await world.caught_up()
    line = {"type": "credit", "subtype": "credit card", "mask": "9090", "balance": Decimal(balance)}
    account_id = await world.bank.open_account(item.item_id, limit=limit and Decimal(limit), **line, **currency)
    await world.worker.ring(item.id)
    row = (await accounts(world, item))[account_id]
    assert (row["current_balance"], row["credit_limit"]) == (Decimal(balance), limit and Decimal(limit))
    codes = {"iso_currency_code": None, "unofficial_currency_code": None} | currency
    assert {name: row[name] for name in codes} == codes
