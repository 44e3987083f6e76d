from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync_worker.store import integrations
from sync_worker.store.integrations import Doorbell
from tests.sync_worker.world import Linked, World


async def ring(world: World, **whose: Any) -> Doorbell | None:
    """Ring without answering."""
    async with world.worker.database.transaction() as session:
        return await integrations.ring(session, trigger="webhook", rung_at=datetime.now(UTC), **whose)


@pytest.mark.parametrize(
    ("failures", "patience"), [(0, 30), (1, 30), (5, 30), (6, 60), (8, 240), (12, 3840), (10**6, 3840)]
)
async def test_what_kills_its_worker_is_tried_less_and_less(world: World, failures: int, patience: int) -> None:
    """After five leases in a row that ended in nothing, an open bell waits twice as long each time, up to an hour."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET failure_count = :n, next_sync_at = now() + '1 day'", n=failures)
    await ring(world, item_id=item.item_id)
    due_in = (await world.integration(item))["due_in"].total_seconds()
    assert patience - 5 < due_in <= patience


async def test_a_lease_counts_as_a_failure_until_it_ends_well(world: World) -> None:
    """A worker that is killed leaves the count one higher; a commit clears it."""
    item = await world.link()
    counts: list[int] = []

    async def note(_name: str, _request: Any) -> None:
        counts.append((await world.integration(item))["failure_count"])

    world.worker.plaid.watch.before = note
    await world.worker.ring(item.id)
    assert counts[0] == 1
    assert (await world.integration(item))["failure_count"] == 0


async def test_a_bell_never_puts_off_what_is_due_sooner(world: World) -> None:
    """Ringing moves the next sync nearer, never away."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now() + interval '3 seconds'")
    await ring(world, integration_id=item.id)
    assert (await world.integration(item))["due_in"] <= timedelta(seconds=3)


async def test_the_first_open_bell_counts_for_latency(world: World) -> None:
    """Until it is answered, later bells do not make an item look fresher than it is."""
    item = await world.link()
    await ring(world, integration_id=item.id)
    first = (await world.integration(item))["rung_at"]
    await ring(world, integration_id=item.id)
    assert (await world.integration(item))["rung_at"] == first
    await world.worker.ring(item.id)
    assert (await world.integration(item))["rung_at"] is None


def bell(item: Linked, seq: int) -> Doorbell:
    """Return the doorbell of an item that is active and in nobody's hand."""
    return Doorbell(item.id, 1, seq, "active", in_hand=False, login_unseen=False)


async def test_an_item_is_found_by_either_id(world: World) -> None:
    """Plaid rings by item_id, we ring by ours: the same bell, and no other item's."""
    item, other = await world.link(), await world.link()
    assert await ring(world, item_id=item.item_id) == bell(item, 1)
    assert await ring(world, integration_id=item.id) == bell(item, 2)
    assert await ring(world, item_id=other.item_id.swapcase()) is None
    assert (await world.integration(other))["requested_seq"] == 0


async def test_the_same_error_keeps_its_time_and_request_id(world: World) -> None:
    """A later look that finds the same login error does not wipe what Plaid's support will ask for."""
    item = await world.link()
    await world.bank.break_login(item.access_token)
    await world.worker.hear(item.item_id)
    before = await world.integration(item)
    await world.worker.login.run(item.id)
    after = await world.integration(item)
    for name in ("last_sync_error", "last_sync_error_at", "last_sync_error_request_id"):
        assert after[name] == before[name] is not None
