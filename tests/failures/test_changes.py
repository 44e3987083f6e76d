"""What the bank corrects and takes back."""

from decimal import Decimal

from tests.failures.chain import Chain, decided
from tests.failures.scenes import Json, accounts, stored
from tests.sync_worker.world import World


async def test_corrections_are_neither_ignored_nor_added_as_rows_of_their_own(world: World) -> None:
    """A modified row keeps its first amount, day, name, category, currency or account, or stands beside a second."""
    item = await world.synced()
    ids = sorted(await world.transactions(item))
    other = next(one for one, row in (await accounts(world, item)).items() if row["subtype"] == "savings")
    corrections: list[Json] = [
        {"amount": Decimal("77.77")},
        {"date": "2026-03-04"},
        {"name": "CORRECTED"},
        {"category": "TRAVEL_FLIGHTS"},
        {"iso_currency_code": "EUR"},
        {"account_id": other},
    ]
    for one, changes in zip(ids, corrections, strict=False):
        await world.bank.edit(item.item_id, one, **changes)
    await world.worker.hear(item.item_id)
    rows = await world.transactions(item)
    assert sorted(rows) == ids
    assert rows[ids[0]]["amount"] == Decimal("77.77")
    assert rows[ids[1]]["date"].isoformat() == "2026-03-04"
    assert [rows[ids[2]]["name"], rows[ids[3]]["category"]] == ["CORRECTED", "TRAVEL_FLIGHTS"]
    assert [rows[ids[4]]["iso_currency_code"], rows[ids[5]]["account_id"]] == ["EUR", other]
    assert await world.differences(item) == {}


async def test_a_correction_makes_no_second_expense(chain: Chain) -> None:
    """Every time the bank corrects a purchase, one more expense is made of it."""
    world, item = chain.world, await chain.link()
    [one] = await world.bank.add(item.item_id, amount=5, category="FOOD_AND_DRINK_FAST_FOOD")
    await chain.sync(item)
    for amount in (6, 7):
        await world.bank.edit(item.item_id, one, amount=amount)
        await chain.sync(item)
    assert [expense["amount"] for expense in await chain.expenses(item, plaids_id=one)] == [7]
    everything = await world.rows("SELECT count(*) AS n, count(DISTINCT transaction_id) AS of FROM expenses")
    assert everything[0]["n"] == everything[0]["of"]


async def test_removals_do_not_silently_do_nothing(chain: Chain) -> None:
    """Removed rows are looked up by a name they do not have any more, or only pending ones are: all of them stay."""
    world, item = chain.world, await chain.link()
    spent = {expense["plaids_id"] for expense in await chain.expenses(item)}
    gone = sorted(await world.transactions(item))[:8]
    assert spent.intersection(gone)
    await world.bank.withdraw(item.item_id, *gone)
    await chain.sync(item)
    assert set(gone).isdisjoint(await world.transactions(item))
    assert {expense["plaids_id"] for expense in await chain.expenses(item)} == spent.difference(gone)
    assert (await world.history(item))[-1]["transactions_removed"] == 8


async def test_a_removal_does_not_wipe_the_row(world: World) -> None:
    """A removed row is deleted, or overwritten with a stub that has an id and nothing else."""
    item = await world.synced()
    one = min(await world.transactions(item))
    before = dict((await stored(world, item))[one])
    await world.bank.withdraw(item.item_id, one)
    await world.worker.hear(item.item_id)
    after = dict((await stored(world, item))[one])
    assert after["sync_status"] == "removed"
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"sync_status", "version", "updated_at"}


async def test_removals_of_nothing_break_nothing(world: World) -> None:
    """A removal of an id that never came, or that went before, fails the whole update."""
    item = await world.synced()
    gone, *_ = sorted(await world.transactions(item))
    await world.bank.withdraw(item.item_id, gone)
    await world.worker.hear(item.item_id)
    await world.bank.control(item.item_id, "transactions/echo_removals", transaction_ids=[gone, "x" * 300])
    [new] = await world.bank.add(item.item_id, amount=3)
    await world.worker.hear(item.item_id)
    assert new in await world.transactions(item)
    assert await world.differences(item) == {}


async def test_what_comes_again_under_its_old_id_does_not_stay_removed(chain: Chain) -> None:
    """A row that the bank took back and sends again stays deleted, or comes without what its user decided."""
    world, item = chain.world, await chain.link()
    expense = (await chain.expenses(item))[0]
    await chain.user_decides(expense)
    await world.bank.withdraw(item.item_id, expense["plaids_id"])
    await chain.sync(item)
    assert await chain.expenses(item, id=expense["id"]) == []
    await world.bank.control(item.item_id, "transactions/restore", transaction_ids=[expense["plaids_id"]])
    await chain.sync(item)
    [again] = await chain.expenses(item, id=expense["id"])
    assert decided(again)
    assert await world.differences(item) == {}
