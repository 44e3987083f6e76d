"""Syncs that crash at a step of the test's choice, and what must stand after each."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

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


def assert_whole(before: State, after: State) -> None:
    """One sync more, three rows of a new version, and exactly these announced, once each."""
    changed = {i for i, version in after.versions.items() if version != before.versions.get(i)}
    assert len(changed) == 3
    assert after.announced - before.announced == Counter(changed)
    assert after.synced == before.synced + 1
    assert after.processed > before.processed


async def crashing_everywhere(
    world: World, item: Linked, how: str, prepare: Callable[[int], Awaitable[None]] | None = None
) -> AsyncIterator[bool]:
    """Crash a sync at its first step, the next at its second, … until one has no such step.

    Yield after each whether its commit stands; it is whole or has left no trace.
    """
    fail_at, happened = 0, True
    while happened:
        fail_at += 1
        await something_happens(world, item, fail_at)
        if prepare:
            await prepare(fail_at)
        before = await state(world, item)
        await crash_once(world, item, steps := Steps(fail_at, how))
        happened = steps.happened
        after = await state(world, item)
        if committed := after.cursor != before.cursor:
            assert_whole(before, after)
            assert await world.differences(item) == {}
        else:
            assert after == before
        yield committed
