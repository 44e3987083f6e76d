"""Doorbells: none is lost, a burst is cheap, and nobody syncs an item twice at a time."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from common.events import SyncRequested, WebhookReceived
from sync_worker.handlers import interactive, sweeps
from sync_worker.store.integrations import Doorbell
from sync_worker.sync import MOST_PASSES
from tests.sync_worker.bank import Bank
from tests.sync_worker.faults import Crash, Gate
from tests.sync_worker.world import World, until
from tests.sync_worker.world import world as over

Json = dict[str, Any]


async def test_a_bell_in_the_middle_of_a_sync_is_followed_by_another_pass(world: World) -> None:
    """What happens at the bank after its pages were read, and rings meanwhile, is there when the sync ends."""
    item = await world.link()
    late: list[str] = []

    async def ring_once(name: str, answer: Json) -> Json:
        if name == "transactions_sync" and not late:
            late.extend(await world.bank.add(item.item_id, amount=4.5))
            await world.worker.hear(item.item_id)
        return answer

    world.worker.plaid.watch.after = ring_once
    await world.worker.ring(item.id, "linked")
    assert late[0] in await world.transactions(item)
    assert await world.differences(item) == {}
    assert len(await world.history(item)) == 2
    row = await world.integration(item)
    assert (row["requested_seq"], row["processed_seq"], row["lease_token"]) == (2, 2, None)


async def test_a_burst_costs_one_more_pass(world: World) -> None:
    """Fifty bells during a sync are one reason to look again."""
    item = await world.link()
    world.worker.plaid.watch.before = gate = Gate()
    first = asyncio.create_task(world.worker.ring(item.id, "linked"))
    await gate.reached.wait()
    await asyncio.gather(*(world.worker.hear(item.item_id) for _ in range(50)))
    assert world.worker.plaid.watch.calls["transactions_sync"] == 1
    gate.opened.set()
    await first
    assert world.worker.plaid.watch.calls["transactions_sync"] == 2
    assert (await world.integration(item))["processed_seq"] == 51


async def test_a_burst_out_of_the_blue_costs_two_syncs_at_most(world: World) -> None:
    """Fifty bells at once for an item at rest are counted first, and answered together."""
    item = await world.link()
    await asyncio.gather(*(world.worker.hear(item.item_id) for _ in range(50)))
    assert 1 <= len(await world.history(item)) <= 2
    assert (await world.integration(item))["processed_seq"] == 50
    assert await world.differences(item) == {}


async def test_at_most_one_sync_of_an_item_at_a_time(world: World) -> None:
    """Four workers, two items, bells from everywhere: Plaid never sees two of our calls for one item at once."""
    workers = [world.worker, *[await world.hire() for _ in range(3)]]
    running: Counter[str] = Counter()
    for worker in workers:
        worker.plaid.watch.running = running
    items = [await world.link(), await world.link("user_household")]
    dice = Random(7)  # noqa: S311 - a play

    async def ring_and_change(number: int) -> None:
        item = items[number % 2]
        await asyncio.sleep(dice.random() / 2)
        await world.bank.add(item.item_id, amount=number + 1)
        await dice.choice(workers).hear(item.item_id)

    await asyncio.gather(*(ring_and_change(number) for number in range(40)))
    assert max(worker.plaid.watch.most_at_once for worker in workers) == 1
    for item in items:
        assert await world.differences(item) == {}
        assert (await world.integration(item))["lease_token"] is None


async def test_an_answered_bell_costs_nothing(world: World) -> None:
    """A bell that an earlier sync covered asks Plaid nothing."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    calls = world.worker.plaid.watch.calls.copy()
    await world.worker.sync.answer(Doorbell(item.id, 1, 1, "active", in_hand=False, login_unseen=False))
    assert world.worker.plaid.watch.calls == calls


async def test_ringing_without_end_ends(world: World) -> None:
    """After five passes others have a turn: the lease is free, and the sweep finds the open request soon."""
    item = await world.link()

    async def ring(name: str, answer: Json) -> Json:
        if name == "transactions_sync":
            await world.worker.hear(item.item_id)
        return answer

    world.worker.plaid.watch.after = ring
    await world.worker.ring(item.id, "linked")
    row = await world.integration(item)
    assert len(await world.history(item)) == MOST_PASSES
    assert row["requested_seq"] == row["processed_seq"] + 1
    assert row["lease_token"] is None
    assert row["due_in"].total_seconds() <= 30


async def test_a_bell_survives_the_crash_of_who_should_answer_it(world: World) -> None:
    """Rung during a pass, its holder dead after that pass's commit: the request is due within half a minute."""
    item = await world.link()

    async def ring_then_crash(name: str, answer: Json) -> Json:
        if name == "transactions_sync":
            if world.worker.plaid.watch.calls[name] > 1:
                raise Crash
            await world.worker.hear(item.item_id)
        return answer

    world.worker.plaid.watch.after = ring_then_crash
    with pytest.raises(Crash):
        await world.worker.ring(item.id, "linked")
    row = await world.integration(item)
    assert (row["requested_seq"], row["processed_seq"]) == (2, 1)
    assert row["due_in"].total_seconds() <= 30


async def test_bells_are_counted_while_all_slots_are_taken(database_url: str, eager_bank: Bank) -> None:
    """A bell that waits for a slot is counted already, and answered when one is free."""
    async with over(database_url, eager_bank) as world:
        narrow = await world.hire(slots=1)
        slow, waiting = await world.link(), await world.link()
        narrow.plaid.watch.before = gate = Gate()
        first = asyncio.create_task(narrow.ring(slow.id, "linked"))
        await gate.reached.wait()
        second = asyncio.create_task(narrow.ring(waiting.id, "linked"))

        async def counted() -> bool:
            return bool((await world.integration(waiting))["requested_seq"])

        await until(counted)
        assert narrow.plaid.watch.calls["transactions_sync"] == 1
        gate.opened.set()
        await asyncio.gather(first, second)
        assert (await world.integration(waiting))["processed_seq"] == 1


@pytest.mark.parametrize("disconnected", [False, True])
async def test_orphans_are_done_with(world: World, disconnected: bool) -> None:
    """A bell of an item that nobody has, or has no more, is no error and no sync."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET is_active = false, status = 'removing' WHERE id = :id", id=item.id)
    await world.worker.hear(item.item_id if disconnected else "nobody's")
    assert world.worker.plaid.watch.calls["transactions_sync"] == 0


async def test_what_only_the_webhook_says_is_kept(world: World) -> None:
    """When the bank will disconnect stands in the webhook alone; a repair ends it."""
    item = await world.link()
    leaves_at = datetime(2026, 12, 24, tzinfo=UTC)
    webhook = WebhookReceived(
        item_id=item.item_id,
        webhook_type="ITEM",
        webhook_code="PENDING_DISCONNECT",
        received_at=datetime.now(UTC),
        disconnect_time=leaves_at,
    )
    await interactive(world.worker.doorbells, world.worker.removal)[WebhookReceived](webhook)
    await world.worker.hear(item.item_id)
    assert (await world.integration(item))["disconnects_at"] == leaves_at
    await world.worker.ring(item.id, "repaired")
    assert (await world.integration(item))["disconnects_at"] is None


@pytest.mark.parametrize(("kind", "looks"), [("ITEM", 1), ("TRANSACTIONS", 0)])
async def test_only_item_webhooks_look_at_the_login(world: World, kind: str, looks: int) -> None:
    """The login is asked about when a webhook is about the login, and believed from nowhere else."""
    item = await world.link()
    await world.worker.hear(item.item_id, "ERROR", kind)
    assert world.worker.plaid.watch.calls["item_get"] == looks
    assert (await world.integration(item))["status"] == "active"
    assert await world.differences(item) == {}


async def test_the_history_says_who_rang(world: World) -> None:
    """Each sync is on record with what led to it."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    await world.worker.hear(item.item_id)
    assert [row["trigger"] for row in await world.history(item)] == ["linked", "webhook"]


async def test_a_late_sweep_is_of_no_consequence(world: World) -> None:
    """A sweep's message that waited until the item was seen to causes no sync; one that is due does."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    sweep = sweeps(world.worker.doorbells, world.worker.audit)[SyncRequested]
    message = SyncRequested(integration_id=item.id, trigger="sweep", requested_at=datetime.now(UTC))
    await sweep(message)
    assert len(await world.history(item)) == 1
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now() WHERE id = :id", id=item.id)
    await sweep(message)
    assert [row["trigger"] for row in await world.history(item)] == ["linked", "sweep"]
