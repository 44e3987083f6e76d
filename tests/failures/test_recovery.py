"""Back to the truth after what could not be prevented."""

from tests.failures.chain import Chain, decided
from tests.failures.scenes import when_due
from tests.sync_worker.world import World


async def test_a_dead_cursor_does_not_stop_the_item_for_ever(chain: Chain) -> None:
    """Plaid takes a cursor no more: every sync fails with it, or a new beginning keeps what was removed meanwhile."""
    world, item = chain.world, await chain.link()
    expense = (await chain.expenses(item))[0]
    await chain.user_decides(expense)
    gone = sorted((await world.transactions(item)).keys() - {expense["plaids_id"]})[:3]
    await world.bank.withdraw(item.item_id, *gone)
    [new] = await world.bank.add(item.item_id, amount=8)
    await world.bank.refuse_cursors(item.item_id)
    await chain.sync(item)
    rows = await world.transactions(item)
    assert new in rows
    assert rows.keys().isdisjoint(gone)
    assert await world.differences(item) == {}
    assert decided((await chain.expenses(item, id=expense["id"]))[0])


async def test_the_cursor_of_another_item_does_not_stop_this_one(world: World) -> None:
    """A cursor and a token that do not belong together are refused for ever, with an error that nobody reads."""
    item, other = await world.synced(), await world.synced()
    foreign = (await world.integration(other))["cursor"]
    await world.rows("UPDATE plaid_integrations SET cursor = :foreign WHERE id = :id", foreign=foreign, id=item.id)
    [new] = await world.bank.add(item.item_id, amount=8)
    await world.worker.hear(item.item_id)
    assert new in await world.transactions(item)
    assert (await world.integration(item))["cursor"] != foreign
    assert [await world.differences(one) for one in (item, other)] == [{}, {}]


async def test_a_full_reading_wipes_nothing_and_doubles_nothing(chain: Chain) -> None:
    """To read an item anew, its rows are deleted and inserted again: without the user's work, or twice."""
    world, item = chain.world, await chain.link()
    before = await chain.expenses(item)
    await chain.user_decides(before[0])
    told = await chain.expenses(item)
    await world.rows("UPDATE plaid_integrations SET cursor = NULL")
    await chain.sync(item)
    assert await chain.expenses(item) == told
    assert decided(told[0])
    assert await world.differences(item) == {}


async def test_removals_of_the_time_without_a_cursor_do_not_stay(world: World) -> None:
    """Whoever begins without a cursor hears of no removal: what went in the gap stands for ever."""
    item = await world.synced()
    gone = sorted(await world.transactions(item))[:4]
    await world.bank.withdraw(item.item_id, *gone)
    await world.rows("UPDATE plaid_integrations SET cursor = NULL")
    await when_due(world, item)
    assert set(gone).isdisjoint(await world.transactions(item))
    assert await world.differences(item) == {}
