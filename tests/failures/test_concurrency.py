"""Workers beside each other."""

import asyncio
from collections import Counter
from contextlib import suppress

from common.events import Trigger
from tests.failures.scenes import syncing, when_due
from tests.sync_worker.faults import Crash, Steps, failing
from tests.sync_worker.world import World


async def test_no_second_door_leads_past_the_lock(world: World) -> None:
    """Webhooks of an item go one after the other, and a click or the clock starts a second sync beside them."""
    item, other = await world.synced(), await world.hire()
    triggers: list[Trigger] = ["linked", "manual", "repaired", "sweep"]
    async with syncing(world, item):
        await world.bank.add(item.item_id, amount=9)
        for trigger in triggers:
            await world.rows("UPDATE plaid_integrations SET next_sync_at = now()")
            assert await other.sweep.once() == 0
            await other.ring(item.id, trigger)
            await other.hear(item.item_id, "ERROR", "ITEM")
        assert other.plaid.watch.calls["transactions_sync"] == 0
    row = await world.integration(item)
    assert (row["processed_seq"], row["lease_token"]) == (row["requested_seq"], None)
    assert await world.differences(item) == {}


async def test_the_lock_of_a_dead_worker_does_not_hold_for_ever(world: World) -> None:
    """A worker dies with an item in hand, and nobody may ever touch the item again."""
    item, other = await world.synced(), await world.hire()
    [new] = await world.bank.add(item.item_id, amount=9)
    with failing(Steps(9, "die"), world.worker.database, world.worker.plaid), suppress(Crash):
        await world.worker.hear(item.item_id)
    row = await world.integration(item)
    assert row["lease_token"] is not None
    assert row["lease_left"].total_seconds() <= 30
    assert row["due_in"].total_seconds() <= 30
    await world.rows("UPDATE plaid_integrations SET lease_expires_at = now()")
    await when_due(world, item)
    await other.ring(item.id)
    assert new in await world.transactions(item)
    assert await world.differences(item) == {}


async def test_an_item_that_hangs_does_not_hold_up_the_others(world: World) -> None:
    """One bank that does not answer keeps every other user waiting behind it."""
    stuck, well = await world.synced(), await world.synced()
    await world.bank.add(well.item_id, amount=9)
    async with syncing(world, stuck), asyncio.timeout(10):
        await world.worker.hear(well.item_id)
        assert (await world.integration(stuck))["lease_token"] is not None
        assert await world.differences(well) == {}


async def test_two_first_syncs_at_once_store_nothing_twice(world: World) -> None:
    """The request of the link and the first webhook come together, and both insert the whole history."""
    item, other = await world.link(days=30), await world.hire()
    await asyncio.gather(world.worker.ring(item.id, "linked"), other.hear(item.item_id))
    assert await world.differences(item) == {}
    told = world.worker.changed_ids() + other.changed_ids()
    rows = await world.rows("SELECT id, version FROM plaid_transactions")
    assert Counter(told) == {row["id"]: row["version"] for row in rows}
    assert {row["version"] for row in rows} == {1}
