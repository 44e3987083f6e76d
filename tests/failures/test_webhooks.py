"""Webhooks that come twice, late, in any order, or never."""

import asyncio

from tests.failures.scenes import standing, stored
from tests.sync_worker.world import World


async def test_a_second_update_within_minutes_is_not_taken_for_a_copy_of_the_first(world: World) -> None:
    """Webhooks of one kind are merged for five minutes, and an update of its own within them is dropped."""
    item = await world.synced()
    for amount in (11, 12, 13):
        [new] = await world.bank.add(item.item_id, amount=amount)
        await world.worker.hear(item.item_id)
        assert new in await world.transactions(item)


async def test_a_webhook_that_is_sent_again_changes_nothing(world: World) -> None:
    """Webhooks are sent again though they were answered at once, and each copy writes the rows once more."""
    item, other = await world.synced(), await world.hire()
    world.worker.emitted.clear()
    [new] = await world.bank.add(item.item_id, amount=11)
    await asyncio.gather(*(worker.hear(item.item_id) for worker in (world.worker, other) * 3))
    await other.hear(item.item_id)
    rows = await stored(world, item)
    assert world.worker.changed_ids() + other.changed_ids() == [rows[new]["id"]]
    assert {row["version"] for row in rows.values()} == {1}
    assert await world.differences(item) == {}


async def test_an_error_that_comes_after_its_repair_does_not_break_the_item(world: World) -> None:
    """Webhooks overtake each other, and the older one, of a broken login, has the last word."""
    item = await world.synced()
    await world.bank.break_login(item.access_token)
    await world.bank.control(item.item_id, "repair")
    await world.worker.hear(item.item_id, "LOGIN_REPAIRED", "ITEM")
    await world.worker.hear(item.item_id, "ERROR", "ITEM")
    assert (await world.integration(item))["status"] == "active"
    assert await standing(world, item) == ["history_complete"]


async def test_a_code_that_nobody_knows_stops_nothing(world: World) -> None:
    """A webhook of a new kind fails its handler, is sent again and again, and is never done with."""
    item = await world.synced()
    for kind in ("TRANSACTIONS", "ITEM", "A_PRODUCT_OF_TOMORROW"):
        [new] = await world.bank.add(item.item_id, amount=11)
        await world.worker.hear(item.item_id, "A_CODE_OF_TOMORROW", kind)
        assert new in await world.transactions(item)
        row = await world.integration(item)
        assert (row["status"], row["last_sync_error"]) == ("active", None)


async def test_sync_now_needs_no_webhook(world: World) -> None:
    """The button only asks the bank for news, and with webhooks that do not arrive it changes nothing."""
    item = await world.synced()
    await world.bank.post("/sandbox_control/webhooks/faults", {"drop": 100})
    [new] = await world.bank.add(item.item_id, amount=11)
    await world.worker.ring(item.id, "manual")
    assert new in await world.transactions(item)
    assert (await world.history(item))[-1]["trigger"] == "manual"
