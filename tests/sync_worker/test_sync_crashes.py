"""Crashes at every statement, commit and call of Plaid between lease and release."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import pytest

from common.events import SyncRequested
from tests.sync_worker.faults import Crash, Steps, failing
from tests.sync_worker.world import Linked, World

ROWS = "SELECT id, version FROM plaid_transactions"
EVENTS = "SELECT id, body FROM outbox WHERE type = 'transactions.changed'"


async def something_happens(world: World, item: Linked, when: int) -> None:
    """Add, correct and withdraw a transaction: a sync of two pages, each kind of change in it."""
    standing = sorted(await world.bank.truth(item.item_id))
    await world.bank.add(item.item_id, amount=19.99)
    await world.bank.edit(item.item_id, standing[0], name=f"CORRECTED {when}")
    await world.bank.withdraw(item.item_id, standing[1])


@dataclass(frozen=True)
class State:
    """What a commit changes, all or nothing."""

    cursor: str
    processed: int
    versions: dict[int, int]
    synced: int
    announced: Counter[int]


async def state(world: World, item: Linked) -> State:
    """Return how things stand."""
    row = await world.integration(item)
    ids = [i for one in await world.rows(EVENTS) for i in json.loads(one["body"])["transaction_ids"]]
    return State(
        cursor=row["cursor"],
        processed=row["processed_seq"],
        versions={one["id"]: one["version"] for one in await world.rows(ROWS)},
        synced=sum(one["success"] for one in await world.history(item)),
        announced=Counter(ids),
    )


async def crash_once(world: World, item: Linked, steps: Steps) -> None:
    """Sync with this fault, as the task of a message."""
    with failing(steps, world.worker.database, world.worker.plaid):
        message = asyncio.create_task(world.worker.ring(item.id))
        with suppress(Crash, asyncio.CancelledError):
            await message


async def time_passes(world: World, item: Linked) -> None:
    """Let the lease expire and the item become due, and the sweep ring for it."""
    sql = "UPDATE plaid_integrations SET lease_expires_at = now() - interval '1 s', next_sync_at = now() WHERE id = :id"
    await world.rows(sql, id=item.id)
    await world.worker.sweep.once()
    event = world.worker.events(SyncRequested)[-1]
    assert event.integration_id == item.id
    await world.worker.doorbells.on_sweep(event)


@pytest.mark.parametrize("how", ["raise", "cancel", "die"])
async def test_a_crash_anywhere_leaves_all_or_nothing_and_converges(world: World, how: str) -> None:
    """Whichever step fails: the commit is whole or has left no trace; the request stays due; then it converges.

    What was handed on for publishing is in the outbox, hence committed.
    """
    item = await world.link(days=10)
    await world.worker.ring(item.id, "linked")
    world.worker.plaid.watch.page_size = 2
    fail_at, happened, committed = 0, True, 0
    while happened:
        fail_at += 1
        await something_happens(world, item, fail_at)
        before = await state(world, item)
        await crash_once(world, item, steps := Steps(fail_at, how))
        happened = steps.happened
        after = await state(world, item)
        if after.cursor == before.cursor:
            assert after == before
        else:
            committed += 1
            assert_whole(before, after)
            assert await world.differences(item) == {}
        await assert_found_again(world, item)
        await time_passes(world, item)
        assert await world.differences(item) == {}
        row = await world.integration(item)
        assert (row["processed_seq"], row["lease_token"]) == (row["requested_seq"], None)
    kept = {row["id"] for row in await world.rows("SELECT id FROM outbox")}
    assert {message.id for message in world.worker.emitted} <= kept
    assert fail_at > 20
    assert 1 <= committed < fail_at - 15


def assert_whole(before: State, after: State) -> None:
    """One sync more, three rows of a new version, and exactly these announced, once each."""
    changed = {i for i, version in after.versions.items() if version != before.versions.get(i)}
    assert len(changed) == 3
    assert after.announced - before.announced == Counter(changed)
    assert after.synced == before.synced + 1
    assert after.processed > before.processed


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
    await crash_once(world, item, Steps(6, "raise"))
    row, past = await world.integration(item), await world.history(item)
    assert row["last_sync_error"] == past[-1]["error_code"] == "SYNC_CRASHED"
    assert [one["success"] for one in past] == [False]
    await world.worker.ring(item.id)
    row = await world.integration(item)
    assert (row["last_sync_error"], row["failure_count"]) == (None, 0)
