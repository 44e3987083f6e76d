"""An institution that fails is left alone as a whole, probed by one item, and then woken."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import RowMapping

from tests.sync_worker.faults import Gate
from tests.sync_worker.world import Linked, Worker, World, until

SICK = "ins_109508"
WELL = "ins_109509"
HEALTH = """
    SELECT *, open_until - now() AS opens_in, probe_until - now() AS probed_for FROM institution_health
    WHERE institution_id = :institution_id
"""
TIME_PASSES = "UPDATE institution_health SET open_until = now() - interval '1 s'"


async def linked(world: World, count: int, institution_id: str = SICK) -> list[Linked]:
    """Link items at one institution; each is about to be synced for the first time."""
    return [await world.link(days=3, institution_id=institution_id) for _ in range(count)]


async def health(world: World, institution_id: str = SICK) -> RowMapping | None:
    """Return what is known of an institution's health, if it fails."""
    return next(iter(await world.rows(HEALTH, institution_id=institution_id)), None)


async def sicken(world: World, **whom: Any) -> None:
    """Let every sync there fail until further notice."""
    outage = {"error_code": "INSTITUTION_DOWN", "path": "/transactions/sync", "calls": "all"}
    await world.bank.fail_next(**outage, **(whom or {"institution_id": SICK}))


async def heal(world: World) -> None:
    """End all trouble at the bank."""
    await world.bank.post("/sandbox_control/outages/clear", {})


async def left_alone(world: World, failed: int = 3) -> list[Linked]:
    """Let so many items fail in a row; return them."""
    items = await linked(world, failed)
    await sicken(world)
    for item in items:
        await world.worker.ring(item.id)
    return items


def calls(*workers: Worker) -> int:
    """Return how often the workers asked for transactions."""
    return sum(worker.plaid.watch.calls["transactions_sync"] for worker in workers)


async def test_three_failures_in_a_row_leave_an_institution_alone(world: World) -> None:
    """Then Plaid is asked nothing for its other items: they are put off, nothing failed; other institutions go on."""
    [waiting] = await linked(world, 1)
    [elsewhere] = await linked(world, 1, WELL)
    for failures, item in enumerate(await linked(world, 3), start=1):
        await sicken(world)
        await world.worker.ring(item.id)
        row = await health(world)
        assert row is not None
        assert (len(row["items"]), row["open_until"] is not None) == (failures, failures == 3)
    before = world.worker.plaid.watch.calls.copy()
    for _ in range(2):
        await world.worker.hear(waiting.item_id)
    assert world.worker.plaid.watch.calls == before
    row = await world.integration(waiting)
    assert (row["status"], row["failure_count"], row["last_sync_error"]) == ("active", 0, None)
    assert (row["lease_token"], row["requested_seq"], row["processed_seq"]) == (None, 2, 0)
    assert timedelta(seconds=20) < row["due_in"] <= timedelta(seconds=125)
    assert await world.history(waiting) == []
    await world.worker.hear(elsewhere.item_id)
    assert await world.differences(elsewhere) == {}


async def test_one_sick_item_closes_no_bank(world: World) -> None:
    """However often the same item fails, its bank is open to all others, whose users hear nothing of it."""
    [sick, well] = await linked(world, 2)
    for _ in range(6):
        await world.bank.fail_next(error_code="INSTITUTION_DOWN", path="/transactions/sync", item_id=sick.item_id)
        await world.worker.ring(sick.id)
    await world.worker.hear(well.item_id)
    assert await world.differences(well) == {}
    assert await health(world) is None
    assert await world.rows("SELECT * FROM notifications WHERE kind = 'institution_down'") == []


async def test_one_probe_at_a_time(world: World) -> None:
    """When its time is over, of many doorbells at two workers one asks Plaid; the others wait for what it finds.

    It succeeds: the institution is well, and who waited comes within half a minute, not all at once.
    """
    items = await left_alone(world) + await linked(world, 5)
    await heal(world)
    workers = world.worker, await world.hire()
    for item in items:
        await workers[1].hear(item.item_id)
    await world.rows(TIME_PASSES)
    gate, before = Gate(), calls(*workers)
    for worker in workers:
        worker.plaid.watch.before = gate
    bells = [asyncio.create_task(workers[n % 2].hear(item.item_id)) for n, item in enumerate(items * 2)]
    await gate.reached.wait()

    async def all_but_the_probe() -> bool:
        return sum(bell.done() for bell in bells) >= len(bells) - 1

    await until(all_but_the_probe)
    assert calls(*workers) == before + 1
    row = await health(world)
    assert row is not None
    assert timedelta(minutes=1) < row["probed_for"] <= timedelta(minutes=2)
    gate.opened.set()
    await asyncio.gather(*bells)
    assert await health(world) is None
    waiting = [row for row in [await world.integration(item) for item in items] if not row["processed_seq"]]
    assert len(waiting) == len(items) - 1
    assert all(row["due_in"] <= timedelta(seconds=30) for row in waiting)
    assert len({round(row["due_in"].total_seconds(), 2) for row in waiting}) > 1
    assert {(row["failure_count"], row["last_sync_error"]) for row in waiting[3:]} == {(0, None)}


async def test_a_probe_that_fails_leaves_it_alone_for_longer(world: World) -> None:
    """Twice as long each time, up to an hour; a probe costs one call."""
    [item, *_] = await left_alone(world)
    seen = []
    for _ in range(8):
        row = await health(world)
        assert row is not None
        seen.append(row["opens_in"].total_seconds() / 60)
        before = calls(world.worker)
        await world.rows(TIME_PASSES)
        await world.worker.ring(item.id)
        await world.worker.ring(item.id)
        assert calls(world.worker) == before + 1
    assert all(0.7 * most < minutes <= most for minutes, most in zip(seen, [1, 2, 4, 8, 16, 32, 60, 60], strict=True))


async def test_who_failed_late_tells_nothing_new(world: World) -> None:
    """A sync that began before the institution was left alone, and fails after, makes its time no longer."""
    [late] = await linked(world, 1)
    other = await world.hire()
    await sicken(world)
    other.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(other.ring(late.id))
    await gate.reached.wait()
    await left_alone(world)
    before = await health(world)
    gate.opened.set()
    await syncing
    after = await health(world)
    assert before is not None
    assert after is not None
    assert (after["failures"], after["open_until"]) == (before["failures"], before["open_until"])


async def test_a_dead_probe_frees_the_way(world: World) -> None:
    """The worker that was to probe is never heard of again: after two minutes another one may."""
    [item, *_] = await left_alone(world)
    await heal(world)
    await world.rows(TIME_PASSES)
    await world.rows("UPDATE institution_health SET probe_until = now() + interval '10 s'")
    before = calls(world.worker)
    await world.worker.ring(item.id)
    assert calls(world.worker) == before
    await world.rows("UPDATE institution_health SET probe_until = now() - interval '1 s'")
    await world.worker.ring(item.id)
    assert (await health(world), await world.differences(item)) == (None, {})


async def test_one_sick_item_is_not_its_institution(world: World) -> None:
    """As long as others succeed in between, nobody is put off for it."""
    [sick, well] = await linked(world, 2)
    await sicken(world, item_id=sick.item_id)
    for times in range(1, 5):
        await world.worker.ring(sick.id)
        await world.worker.ring(well.id)
        assert len(await world.history(well)) == times
        assert await health(world) is None


@pytest.mark.parametrize("code", ["ITEM_LOGIN_REQUIRED", "INTERNAL_SERVER_ERROR", "PRODUCTS_NOT_SUPPORTED"])
async def test_what_is_not_the_institutions_fault_does_not_count(world: World, code: str) -> None:
    """A user's login, Plaid's own trouble, our configuration: no reason to leave an institution alone."""
    for item in await linked(world, 3):
        await world.bank.fail_next(path="/transactions/sync", item_id=item.item_id, error_code=code)
        await world.worker.ring(item.id)
    assert await health(world) is None


async def test_of_an_unknown_institution_nothing_is_known(world: World) -> None:
    """Items that name none do not stand in for each other."""
    await sicken(world)
    for item in await linked(world, 4):
        await world.rows("UPDATE plaid_integrations SET institution_id = NULL WHERE id = :id", id=item.id)
        await world.worker.ring(item.id)
        assert (await world.integration(item))["last_sync_error"] == "INSTITUTION_DOWN"
    assert await world.rows("SELECT institution_id FROM institution_health") == []
