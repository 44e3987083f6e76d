"""Pending money that posts under another id, in any order, or never does."""

import pytest

from tests.failures.chain import Chain, decided
from tests.failures.scenes import stored
from tests.sync_worker.world import Linked, World

CAFE = {"name": "CORNER CAFE 7", "category": "FOOD_AND_DRINK_FAST_FOOD"}


async def buy(chain: Chain, item: Linked, amount: int = 40) -> str:
    """Buy something, pending for now, and sync."""
    [pending] = await chain.world.bank.add(item.item_id, amount=amount, pending=True, **CAFE)
    await chain.sync(item)
    return pending


async def post(chain: Chain, item: Linked, pending: str, amount: int = 40) -> str:
    """Let it post under another id, and no more: its removal is a step of its own."""
    [posted] = await chain.world.bank.add(item.item_id, amount=amount, pending_transaction_id=pending, **CAFE)
    return posted


async def bought(chain: Chain, item: Linked) -> list[tuple[str, int]]:
    """Return what stands of it as the user sees it: expenses by Plaid's id, with their amount."""
    return [(one["plaids_id"], one["amount"]) for one in await chain.expenses(item, description=CAFE["name"])]


@pytest.mark.parametrize("order", ["removed_first", "removed_last"])
async def test_the_same_purchase_does_not_show_twice(chain: Chain, order: str) -> None:
    """A purchase shows once as pending and once as posted, when the removal stands on another page than the posting."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item)
    await world.bank.control(item.item_id, "pages", size=1, order=order)
    posted = await post(chain, item, pending)
    await world.bank.withdraw(item.item_id, pending)
    await chain.sync(item)
    assert (await world.history(item))[-1]["pages"] > 1
    assert await bought(chain, item) == [(posted, 40)]
    assert await world.differences(item) == {}


async def test_a_removal_that_comes_a_sync_later_leaves_no_double(chain: Chain) -> None:
    """For the time between the posting and a removal that comes later, the purchase counts twice."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item)
    posted = await post(chain, item, pending)
    await chain.sync(item)
    assert {pending, posted} <= (await world.transactions(item)).keys()
    assert await bought(chain, item) == [(posted, 40)]
    await world.bank.withdraw(item.item_id, pending)
    await chain.sync(item)
    assert await bought(chain, item) == [(posted, 40)]
    assert await world.differences(item) == {}


async def test_a_posting_that_comes_a_sync_later_is_not_lost_with_its_pending_row(chain: Chain) -> None:
    """The pending row is removed first; what posts afterwards is taken for it, and stays removed."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item)
    await world.bank.withdraw(item.item_id, pending)
    await chain.sync(item)
    assert await bought(chain, item) == []
    posted = await post(chain, item, pending)
    await chain.sync(item)
    assert await bought(chain, item) == [(posted, 40)]
    assert (await world.transactions(item))[posted]["pending_transaction_id"] == pending


async def test_a_tip_at_posting_does_not_make_a_second_purchase(chain: Chain) -> None:
    """Posted with another amount than pending, the two are not recognised as one."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item, 40)
    posted = await post(chain, item, pending, 48)
    await chain.sync(item)
    await world.bank.withdraw(item.item_id, pending)
    await chain.sync(item)
    assert await bought(chain, item) == [(posted, 48)]


async def test_a_pending_row_that_never_posts_does_not_stay(chain: Chain) -> None:
    """A hold that is let go again, at a hotel or a pump, stands in the books for ever."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item)
    await world.bank.withdraw(item.item_id, pending)
    await chain.sync(item)
    assert pending not in await world.transactions(item)
    assert await bought(chain, item) == []


async def test_a_pending_row_is_neither_left_out_nor_counted_as_spent(chain: Chain) -> None:
    """Pending rows are thrown away, so that nobody sees them, or shown as if they had succeeded."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item)
    assert (await world.transactions(item))[pending]["pending"] is True
    assert await bought(chain, item) == []


async def test_edits_do_not_vanish_when_the_pending_row_goes(chain: Chain) -> None:
    """What the user noted about a purchase is gone once the bank tidies up its pending form."""
    world, item = chain.world, await chain.link()
    pending = await buy(chain, item)
    posted = await post(chain, item, pending)
    await chain.sync(item)
    [expense] = await chain.expenses(item, plaids_id=posted)
    await chain.user_decides(expense)
    await world.bank.withdraw(item.item_id, pending)
    await world.bank.edit(item.item_id, posted, amount=44)
    await chain.sync(item)
    [after] = await chain.expenses(item, plaids_id=posted)
    assert (after["id"], after["amount"]) == (expense["id"], 44)
    assert decided(after)


async def test_every_pending_row_of_a_bank_posts_once(world: World) -> None:
    """Of many that post, vanish and come at once, some stay pending beside their posted form."""
    item = await world.synced()
    for number in range(3):
        await world.bank.add(item.item_id)
        await world.bank.control(item.item_id, "pages", size=2, order=f"shuffled:{number}")
        await world.worker.hear(item.item_id)
        await world.bank.refresh(item.item_id)
        await world.worker.hear(item.item_id)
    rows = await stored(world, item)
    posted = {row["pending_transaction_id"] for row in rows.values() if row["pending_transaction_id"]}
    assert posted & rows.keys()
    assert {rows[one]["sync_status"] for one in posted & rows.keys()} == {"removed"}
    assert await world.differences(item) == {}
