"""A worker that lost its lease cannot commit and leaves no trace; one that works keeps its lease."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import event

from sync_worker.store.integrations import Doorbell, ring
from sync_worker.store.leases import EXTEND
from tests.sync_worker.faults import Gate
from tests.sync_worker.world import Linked, World, until

TRACES = (
    "plaid_transactions", "plaid_accounts", "plaid_sync_history", "quarantined_transactions", "outbox", "user_events",
)  # fmt: skip
STOLEN = "lease_token = gen_random_uuid()"
GONE = "lease_token = NULL"
DISCONNECTED = "status = 'removing', is_active = false"
BROKEN = "status = 'login_required'"
MOVED = "cursor = 'elsewhere'"


async def counts(world: World) -> dict[str, int]:
    """Return how many rows each table has that a sync writes."""
    return {table: (await world.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in TRACES}


async def while_fetching(world: World, item: Linked, change: str) -> None:
    """Sync, and change the integration after the lease was taken and before anything is written."""
    world.worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(world.worker.ring(item.id))
    await gate.reached.wait()
    await world.rows(f"UPDATE plaid_integrations SET {change} WHERE id = :id", id=item.id)
    gate.opened.set()
    await syncing


@pytest.mark.parametrize("change", [STOLEN, GONE, DISCONNECTED, BROKEN, MOVED])
async def test_the_fence_refuses(world: World, change: str) -> None:
    """Lease stolen or ended, item disconnected or broken, cursor moved: nothing of the pass is there afterwards."""
    item = await world.link()
    before = await counts(world)
    await while_fetching(world, item, change)
    assert await counts(world) == before
    assert world.worker.emitted == []
    row = await world.integration(item)
    assert row["processed_seq"] == 0
    assert row["cursor"] == ("elsewhere" if change == MOVED else None)
    assert row["status"] == {DISCONNECTED: "removing", BROKEN: "login_required"}.get(change, "active")


async def test_a_lease_that_is_held_is_not_given_away(world: World) -> None:
    """Two bells that rang before anybody answered, at two workers: one syncs, the other asks Plaid nothing."""
    item, other = await world.link(), await world.hire()
    async with world.worker.database.transaction() as session:
        bells = [
            await ring(session, trigger="webhook", rung_at=datetime.now(UTC), integration_id=item.id) for _ in range(2)
        ]
    assert [bell and bell.in_hand for bell in bells] == [False, False]
    world.worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(world.worker.sync.answer(cast("Doorbell", bells[1])))
    await gate.reached.wait()
    await other.sync.answer(cast("Doorbell", bells[0]))
    assert other.plaid.watch.calls == {}
    gate.opened.set()
    await syncing
    assert await world.differences(item) == {}


async def test_a_moved_cursor_frees_the_item_at_once(world: World) -> None:
    """Whoever moved the cursor need not wait for a lease to expire: the next bell syncs from there."""
    item = await world.link()
    await while_fetching(world, item, MOVED)
    await world.rows("UPDATE plaid_integrations SET cursor = NULL WHERE id = :id", id=item.id)
    await world.worker.ring(item.id)
    assert await world.differences(item) == {}


async def test_of_two_holders_the_later_commits(world: World) -> None:
    """A worker that was frozen past its lease wakes up, and all it has found is dropped."""
    item, other = await world.link(), await world.hire()
    world.worker.plaid.watch.before = gate = Gate()
    frozen = asyncio.create_task(world.worker.ring(item.id, "linked"))
    await gate.reached.wait()
    await other.ring(item.id)
    assert other.plaid.watch.calls["transactions_sync"] == 0
    await world.rows("UPDATE plaid_integrations SET lease_expires_at = now() WHERE id = :id", id=item.id)
    await other.ring(item.id)
    before = await counts(world)
    gate.opened.set()
    await frozen
    assert await counts(world) == before
    assert [row["trigger"] for row in await world.history(item)] == ["manual"]
    assert await world.differences(item) == {}


async def test_an_expired_lease_that_nobody_took_still_commits(world: World) -> None:
    """Lateness alone is no fault: the fence asks whose the item is, not what time it is."""
    item = await world.link()
    await while_fetching(world, item, "lease_expires_at = now() - interval '1 hour'")
    assert await world.differences(item) == {}


async def test_a_long_sync_keeps_its_lease_through_a_missed_beat(world: World) -> None:
    """While pages come the lease is prolonged again and again, also after the database was away for a beat."""
    item, worker = await world.link(), await world.hire(heartbeat=0.02)
    beats: list[str] = []

    def miss_the_first(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split() == str(EXTEND.compile(worker.database._engine)).split():
            beats.append(statement)
            if len(beats) == 1:
                raise OSError("the database is away")

    event.listen(worker.database._engine.sync_engine, "before_cursor_execute", miss_the_first)
    worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(worker.ring(item.id))
    await gate.reached.wait()
    await world.rows("UPDATE plaid_integrations SET lease_expires_at = now() WHERE id = :id", id=item.id)

    async def prolonged() -> bool:
        return bool((await world.integration(item))["lease_left"].total_seconds() > 20)

    await until(prolonged)
    assert len(beats) > 1
    gate.opened.set()
    await syncing
    assert await world.differences(item) == {}


async def test_a_lost_lease_is_not_prolonged(world: World) -> None:
    """The heart of a worker that lost its item does not beat for whoever has it now."""
    item, worker = await world.link(), await world.hire(heartbeat=0.02)
    worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(worker.ring(item.id))
    await gate.reached.wait()
    theirs = "lease_token = gen_random_uuid(), lease_expires_at = now() + interval '1 second'"
    await world.rows(f"UPDATE plaid_integrations SET {theirs} WHERE id = :id", id=item.id)
    await asyncio.sleep(0.2)
    assert (await world.integration(item))["lease_left"].total_seconds() < 1
    gate.opened.set()
    await syncing


LINGER = """
    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'
"""
SLOW_COMMITS = """
    CREATE CONSTRAINT TRIGGER linger AFTER UPDATE OF cursor ON plaid_integrations
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()
"""
COMMITTING = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


async def test_a_bell_that_rings_while_a_sync_commits_is_answered(world: World) -> None:
    """The commit that answers all bells lets the item go: who rings until it stands finds it free, and syncs again."""
    item, other = await world.link(), await world.hire()
    await world.rows(LINGER)
    await world.rows(SLOW_COMMITS)
    first = asyncio.create_task(world.worker.ring(item.id, "linked"))

    async def committing() -> bool:
        return bool((await world.rows(COMMITTING))[0]["n"])

    await until(committing)
    await world.bank.add(item.item_id, amount=4.5)
    await other.hear(item.item_id)
    assert first.done()
    await first
    row = await world.integration(item)
    assert (row["requested_seq"], row["processed_seq"], row["lease_token"]) == (2, 2, None)
    assert await world.differences(item) == {}
    assert len(await world.history(item)) == 2
