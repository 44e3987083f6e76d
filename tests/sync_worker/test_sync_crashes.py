"""Crashes at every statement, commit and call of Plaid between lease and release."""

import pytest

from tests.sync_worker.crashes import crash_once, crashing_everywhere, time_passes
from tests.sync_worker.faults import Steps
from tests.sync_worker.world import Linked, World

ROWS = "SELECT id, version FROM plaid_transactions"
EVENTS = "SELECT id, body FROM outbox WHERE type = 'transactions.changed'"


@pytest.mark.parametrize("how", ["raise", "cancel", "die"])
async def test_a_crash_anywhere_leaves_all_or_nothing_and_converges(world: World, how: str) -> None:
    """Whichever step fails: the commit is whole or has left no trace; the request stays due; then it converges.

    What was handed on for publishing is in the outbox, hence committed.
    """
    item = await world.synced(days=10)
    world.worker.plaid.watch.page_size = 2
    steps = committed = 0
    async for whole in crashing_everywhere(world, item, how):
        steps, committed = steps + 1, committed + whole
        await assert_found_again(world, item)
        await time_passes(world, item)
        assert await world.differences(item) == {}
        row = await world.integration(item)
        assert (row["processed_seq"], row["lease_token"]) == (row["requested_seq"], None)
    kept = {row["id"] for row in await world.rows("SELECT id FROM outbox")}
    assert {message.id for message in world.worker.emitted} <= kept
    assert steps > 15
    assert 1 <= committed < steps - 12


async def assert_found_again(world: World, item: Linked) -> None:
    """An open request is due within half a minute, under no lease that lasts longer."""
    row = await world.integration(item)
    assert row["status"] == "active"
    if row["requested_seq"] > row["processed_seq"]:
        assert row["due_in"].total_seconds() <= 30
    if row["lease_token"]:
        assert row["lease_left"].total_seconds() <= 30


@pytest.mark.parametrize("how", ["raise", "cancel"])
async def test_a_crash_frees_the_item_at_once(world: World, how: str) -> None:
    """Unless its process is killed, a worker that fails lets go: whoever gets the message again may start."""
    item = await world.link(days=10)
    await world.worker.ring(item.id, "linked")
    await crash_once(world, item, Steps(12, how))
    assert (await world.integration(item))["lease_token"] is None
    await world.worker.ring(item.id)
    assert await world.differences(item) == {}


async def test_a_crash_is_on_record(world: World) -> None:
    """The user and the operator see that a sync failed on our side, until one succeeds."""
    item = await world.link(days=10)
    await crash_once(world, item, Steps(9, "raise"))
    row, past = await world.integration(item), await world.history(item)
    assert row["last_sync_error"] == past[-1]["error_code"] == "SYNC_CRASHED"
    assert [one["success"] for one in past] == [False]
    await world.worker.ring(item.id)
    row = await world.integration(item)
    assert (row["last_sync_error"], row["failure_count"]) == (None, 0)
