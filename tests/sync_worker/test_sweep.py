"""The sweep: whatever is due is rung for, once, by whoever sweeps first."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from common.events import SyncRequested
from sync_worker.store import integrations
from sync_worker.sweep import MOST
from tests.sync_worker.world import Linked, World, until

ADD = """
    INSERT INTO plaid_integrations (user_id, item_id, access_token, days_requested, status, next_sync_at)
    SELECT 1, 'item ' || n, 'sealed', 90, :status, now() + CAST(:due AS interval) FROM generate_series(1, :count) AS n
"""


async def add(world: World, count: int, *, status: str = "active", due: timedelta = timedelta(0)) -> None:
    """Store integrations that are due then."""
    await world.rows("INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING")
    await world.rows(ADD, status=status, due=due, count=count)


async def make_due(world: World) -> None:
    """Let time pass until everything is due."""
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now() WHERE next_sync_at IS NOT NULL")


async def rung_again(world: World, item: Linked) -> None:
    """Let time pass, sweep, and answer what it rings."""
    await make_due(world)
    assert await world.worker.sweep.once() == 1
    await world.worker.doorbells.on_sweep(world.worker.events(SyncRequested)[-1])
    assert await world.differences(item) == {}


async def test_two_sweeps_at_once_ring_once_for_each(world: World) -> None:
    """However many workers sweep, each due item is claimed by one of them."""
    await add(world, 250)
    other = await world.hire()
    rounds = [worker.sweep.once() for worker in (world.worker, other) * 4]
    assert sum(await asyncio.gather(*rounds)) == 250
    rung = [event.integration_id for worker in (world.worker, other) for event in worker.events(SyncRequested)]
    assert len(rung) == len(set(rung)) == 250


async def test_a_sweep_is_short(world: World) -> None:
    """One sweep claims a bounded number, the longest due first."""
    await add(world, MOST + 1)
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now() - interval '1 day' WHERE item_id = 'item 77'")
    assert await world.worker.sweep.once() == MOST
    oldest = (await world.rows("SELECT id FROM plaid_integrations WHERE item_id = 'item 77'"))[0]["id"]
    assert oldest in {event.integration_id for event in world.worker.events(SyncRequested)}
    assert await world.worker.sweep.once() == 1


@pytest.mark.parametrize("status", ["revoked", "disconnected"])
async def test_the_gone_are_left_alone(world: World, status: str) -> None:
    """Nothing is due that no sync could help."""
    await add(world, 3, status=status)
    assert await world.worker.sweep.once() == 0


async def test_nobody_rings_before_it_is_time(world: World) -> None:
    """An item that is due later is left alone."""
    await add(world, 3, due=timedelta(seconds=30))
    assert await world.worker.sweep.once() == 0


async def test_who_is_syncing_is_left_alone(world: World) -> None:
    """While a live lease holds an item its holder looks after it; an expired one holds nothing."""
    await add(world, 1)
    await world.rows("UPDATE plaid_integrations SET lease_token = gen_random_uuid(), lease_expires_at = now() + '9 s'")
    assert await world.worker.sweep.once() == 0
    await world.rows("UPDATE plaid_integrations SET lease_expires_at = now() - interval '1 s'")
    assert await world.worker.sweep.once() == 1


async def test_silence_is_broken(world: World) -> None:
    """An item that nobody rang for is synced after the permitted silence, and finds what no webhook told."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    due_in = (await world.integration(item))["due_in"]
    assert timedelta(hours=5, minutes=23) < due_in <= timedelta(hours=6)
    await world.bank.add(item.item_id, amount=8)
    await rung_again(world, item)


async def test_a_failed_sync_is_tried_again(world: World) -> None:
    """When the back-off ran out, the sweep rings."""
    item = await world.link()
    await world.bank.fail_next(error_code="INSTITUTION_DOWN")
    await world.worker.ring(item.id, "linked")
    await rung_again(world, item)


async def test_a_lost_message_is_rung_again(world: World) -> None:
    """A bell that was counted and never answered, its message lost, is due within half a minute."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    await world.bank.add(item.item_id, amount=8)
    async with world.worker.database.transaction() as session:
        await integrations.ring(session, trigger="webhook", rung_at=datetime.now(UTC), item_id=item.item_id)
    assert (await world.integration(item))["due_in"] <= timedelta(seconds=30)
    await rung_again(world, item)
    row = await world.integration(item)
    assert row["processed_seq"] == row["requested_seq"]


async def test_a_lost_sweep_is_repeated(world: World) -> None:
    """A message of the sweep that never arrives costs a minute."""
    await add(world, 1)
    assert await world.worker.sweep.once() == 1
    due_in = (await world.rows("SELECT next_sync_at - now() AS due_in FROM plaid_integrations"))[0]["due_in"]
    assert timedelta(seconds=50) < due_in <= timedelta(minutes=1)
    await make_due(world)
    assert await world.worker.sweep.once() == 1


async def test_each_item_has_a_correlation_id_of_its_own(world: World) -> None:
    """What one sweep rings for is told apart in the logs."""
    await add(world, 3)
    await world.worker.sweep.once()
    assert len({message.correlation_id for message in world.worker.emitted}) == 3


async def test_sweeping_outlives_the_databases_absence(world: World) -> None:
    """A sweep that fails is followed by the next."""
    await add(world, 1)
    engine, failed = world.worker.database._engine.sync_engine, False

    def fail_once(*_: Any) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise OperationalError("claim", None, OSError("away"))

    event.listen(engine, "before_cursor_execute", fail_once)
    sweeping = asyncio.create_task(world.worker.sweep.run(every=0.01))

    async def rung() -> bool:
        return bool(world.worker.events(SyncRequested))

    await until(rung)
    assert failed
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping
