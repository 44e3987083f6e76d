"""What has no room within Plaid's rate limits is put off: nothing failed, nothing is lost, nothing waits here."""

from datetime import timedelta
from typing import Any

from common.events import SyncRequested
from common.limits import PRODUCTION, change
from tests.sync_worker.world import Linked, Worker, World

NO_ROOM_FOR_TWO = "client:5/min"
"""One call, and the next one 13 s later."""
NO_PATIENCE_IS_ENOUGH = "client:2/min"
"""One call, and the next one 33 s later."""
A_PAGE_AT_A_TIME = "client:10/sec"
"""One call every 0.11 s."""
TIME_PASSES = "DELETE FROM rate_buckets"
DUE = "UPDATE plaid_integrations SET next_sync_at = now() WHERE id = :id"


async def hired(world: World, limits: str) -> Worker:
    """Hire a worker with these limits of /transactions/sync, and no others."""
    hired: Worker = await world.hire(limits=change(PRODUCTION, f"*=off, /transactions/sync={limits}"))
    return hired


async def linked(world: World, count: int, **link: Any) -> list[Linked]:
    """Link items with a short history; none is synced yet."""
    return [await world.link(**({"days": 3} | link)) for _ in range(count)]


async def assert_put_off(world: World, item: Linked, least: float, most: float) -> None:
    """Nothing holds the item, nothing is on record, and it is due then, give or take the spread."""
    row = await world.integration(item)
    assert (row["status"], row["lease_token"], row["failure_count"]) == ("active", None, 0)
    assert (row["last_sync_error"], await world.history(item)) == (None, [])
    assert row["processed_seq"] < row["requested_seq"]
    assert least / 2 < row["due_in"].total_seconds() <= 2 * most + 5


async def test_without_room_the_item_is_let_go(world: World) -> None:
    """The message is done with, Plaid is asked nothing, and the item comes when there is room, as urgent as it was."""
    worker = await hired(world, NO_ROOM_FOR_TWO)
    first, second = await linked(world, 2)
    await worker.hear(first.item_id)
    assert await world.differences(first) == {}
    await worker.hear(second.item_id)
    await assert_put_off(world, second, least=13, most=14)
    assert await world.bank.calls(second.item_id) == []

    await world.rows(TIME_PASSES)
    await world.rows(DUE, id=second.id)
    assert await worker.sweep.once() == 1
    await worker.doorbells.on_sweep(worker.events(SyncRequested)[-1])
    assert await world.differences(second) == {}
    assert [row["trigger"] for row in await world.history(second)] == ["webhook"]


async def test_a_doorbell_meanwhile_asks_nothing(world: World) -> None:
    """However often somebody rings, an item that was put off stays so until there is room."""
    worker = await hired(world, NO_ROOM_FOR_TWO)
    first, second = await linked(world, 2)
    for item in (first, second, second, second):
        await worker.hear(item.item_id)
    await assert_put_off(world, second, least=12, most=14)
    assert await world.bank.calls(second.item_id) == []
    assert (await world.integration(second))["requested_seq"] == 3


async def test_a_loop_waits_for_its_next_page(world: World) -> None:
    """As long as it has patience: giving up would throw away the pages that it has."""
    worker = await hired(world, A_PAGE_AT_A_TIME)
    [item] = await linked(world, 1, days=10)
    worker.plaid.watch.page_size = 5
    await worker.hear(item.item_id)
    [row] = await world.history(item)
    assert row["pages"] > 3
    assert row["sync_duration"] >= (row["pages"] - 1) * 100
    assert await world.differences(item) == {}


async def test_a_loop_that_would_wait_longer_is_given_back(world: World) -> None:
    """Nothing of it is kept, and later it begins where it began."""
    worker = await hired(world, "client:600/min")
    [item] = await linked(world, 1)
    await worker.hear(item.item_id)
    began = (await world.integration(item))["cursor"]
    await world.bank.add(item.item_id, amount=1)
    await world.bank.add(item.item_id, amount=2)
    await world.rows(TIME_PASSES)
    slow = await hired(world, NO_PATIENCE_IS_ENOUGH)
    slow.plaid.watch.page_size = 1
    await slow.hear(item.item_id)
    row = await world.integration(item)
    assert (row["cursor"], row["lease_token"], row["failure_count"]) == (began, None, 0)
    assert timedelta(seconds=15) < row["due_in"] <= timedelta(seconds=71)
    assert len(await world.history(item)) == 1

    await world.rows(TIME_PASSES)
    await worker.hear(item.item_id)
    assert await world.differences(item) == {}
    cursors = [call["cursor"] for call in await world.bank.calls(item.item_id)]
    assert cursors[1:] == [began, began]


async def test_retry_after_holds_whoever_rings(world: World) -> None:
    """An item met a 429: until then Plaid is asked nothing for it, a webhook's doorbell or not; other items go on."""
    worker = await hired(world, "item:50/min client:600/min")
    other = await hired(world, "item:50/min client:600/min")
    limited, free = await linked(world, 2)
    await world.bank.fail_next(path="/transactions/sync", error_code="TRANSACTIONS_SYNC_LIMIT", retry_after=120)
    await worker.hear(limited.item_id)
    row = await world.integration(limited)
    assert (row["last_sync_error"], row["failure_count"]) == ("TRANSACTIONS_SYNC_LIMIT", 1)
    assert timedelta(seconds=100) < row["due_in"] <= timedelta(seconds=125)
    for item in (limited, free):
        await other.hear(item.item_id)
    assert timedelta(seconds=100) < (await world.integration(limited))["due_in"] <= timedelta(seconds=300)
    assert len(await world.bank.calls(limited.item_id)) == 1
    assert await world.differences(free) == {}

    await world.rows(TIME_PASSES)
    await worker.ring(limited.id)
    assert await world.differences(limited) == {}


async def test_sweeps_yield_to_webhooks(world: World) -> None:
    """When the clock has used its share, somebody who waits is still served at once."""
    worker = await hired(world, "client:100/hour")
    swept, waiting = await linked(world, 2)
    while (row := await world.integration(swept))["processed_seq"] == row["requested_seq"]:
        await world.rows(DUE, id=swept.id)
        await worker.ring(swept.id, "sweep")
    assert 5 <= len(await world.history(swept)) < 20
    assert (row["failure_count"], row["last_sync_error"]) == (0, None)
    await worker.hear(waiting.item_id)
    assert await world.differences(waiting) == {}
