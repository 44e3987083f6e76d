"""Several accounts of one login."""

from tests.failures.chain import Chain, decided
from tests.failures.scenes import accounts, requests, standing
from tests.sync_worker.world import World


async def test_a_second_account_does_not_overwrite_the_first(world: World) -> None:
    """Two accounts with the same name, kind and last digits become one, and its rows are of both."""
    item = await world.link(days=10)
    look = {"name": "Checking", "mask": "1111", "subtype": "checking"}
    opened = [await world.bank.open_account(item.item_id, **look, balance=balance) for balance in (5, 6)]
    bought = [(await world.bank.add(item.item_id, amount=1, account_id=one))[0] for one in opened]
    await world.worker.ring(item.id, "linked")
    opened.append(await world.bank.open_account(item.item_id, **look))
    bought += await world.bank.add(item.item_id, amount=1, account_id=opened[-1])
    await world.worker.hear(item.item_id)
    assert len(await accounts(world, item)) == 6
    rows = await world.transactions(item)
    assert [rows[one]["account_id"] for one in bought] == opened
    assert await world.differences(item) == {}


async def test_giving_up_one_account_does_not_stop_the_others(world: World) -> None:
    """A user takes one account back, and the whole connection ends, with its siblings."""
    item = await world.synced()
    gone = (await world.bank.control(item.item_id, "accounts/revoke", account_id="@savings"))["account_id"]
    [new] = await world.bank.add(item.item_id, amount=4)
    await world.worker.hear(item.item_id, "USER_ACCOUNT_REVOKED", "ITEM", account_id=gone)
    assert (await world.integration(item))["status"] == "active"
    assert new in await world.transactions(item)
    active = {row["subtype"]: row["is_active"] for row in (await accounts(world, item)).values()}
    assert active == {"checking": True, "credit card": True, "savings": False}
    assert "account_revoked" in await standing(world, item)


async def test_muting_one_account_takes_nothing_from_the_others(chain: Chain) -> None:
    """An account can be left out only by disconnecting the bank, or its rows are missing once it is wanted again."""
    world, item = chain.world, await chain.link(days=30)
    before = await chain.expenses(item)
    card = next(one for one, row in (await accounts(world, item)).items() if row["subtype"] == "credit card")
    await world.rows("UPDATE plaid_accounts SET enabled = false WHERE account_id = :card", card=card)
    [muted] = await world.bank.add(item.item_id, amount=3, account_id=card, category="FOOD_AND_DRINK_FAST_FOOD")
    [heard] = await world.bank.add(item.item_id, amount=4, category="FOOD_AND_DRINK_FAST_FOOD")
    await chain.sync(item)
    after = {one["plaids_id"] for one in await chain.expenses(item)}
    assert heard in after
    assert muted not in after
    assert {one["plaids_id"] for one in before if one["plaids_account"] != card} <= after
    assert await world.differences(item) == {}


async def test_an_account_that_changes_its_id_does_not_bring_its_history_twice(chain: Chain) -> None:
    """A bank gives its accounts other ids, and every purchase of two years stands in the books a second time."""
    world, item = chain.world, await chain.link(days=30)
    before = await chain.expenses(item)
    await world.bank.churn_account(item.item_id, "@checking")
    await chain.sync(item)
    after = await chain.expenses(item)
    assert sorted(one["amount"] for one in after) == sorted(one["amount"] for one in before)
    assert len(await accounts(world, item)) == 3
    assert await world.differences(item) == {}


async def test_a_new_account_is_known_to_its_own_transactions(world: World) -> None:
    """What was bought on an account that was opened since fails the sync, or belongs to nobody."""
    item = await world.synced()
    opened = await world.bank.open_account(item.item_id, type="credit", subtype="credit card", mask="9999")
    [new] = await world.bank.add(item.item_id, amount=4, account_id=opened)
    await world.worker.hear(item.item_id)
    assert (await world.transactions(item))[new]["account_id"] == opened
    assert await world.rows("SELECT FROM quarantined_transactions") == []


async def test_more_accounts_do_not_mean_more_calls(world: World) -> None:
    """Each account is asked for by itself, and Plaid's limits are used up by one login."""
    item = await world.link()
    for number in range(5):
        await world.bank.open_account(item.item_id, mask=f"{number:04}")
    seen = requests(world)
    await world.worker.ring(item.id, "linked")
    assert sorted(name for name, _ in seen) == ["accounts_get", "transactions_sync"]
    assert len(await accounts(world, item)) == 8


async def test_a_card_balance_keeps_its_sign_and_its_limit(world: World) -> None:
    """Money owed on a card is shown as money that the user has, and an overpaid card as a debt."""
    item = await world.synced()
    for current, available in ((250, 4750), (-30, 5030)):
        await world.bank.set_balance(item.item_id, "@credit card", current=current, available=available)
        await world.worker.ring(item.id)
        card = next(row for row in (await accounts(world, item)).values() if row["type"] == "credit")
        assert (card["current_balance"], card["available_balance"]) == (current, available)
        assert card["credit_limit"] > 0


async def test_what_was_decided_stays_when_an_account_is_muted_and_wanted_again(chain: Chain) -> None:
    """A muted account comes back with all of its expenses as on the first day."""
    world, item = chain.world, await chain.link(days=30)
    expense = (await chain.expenses(item))[0]
    await chain.user_decides(expense)
    for enabled in (False, True):
        await world.rows("UPDATE plaid_accounts SET enabled = :enabled", enabled=enabled)
        await world.bank.edit(item.item_id, expense["plaids_id"], name=f"RENAMED {enabled}")
        await chain.sync(item)
        assert bool(await chain.expenses(item, id=expense["id"])) is enabled
    assert decided((await chain.expenses(item, id=expense["id"]))[0])
