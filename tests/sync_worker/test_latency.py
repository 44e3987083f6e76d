"""webhook → expense is measured from the webhook's receipt: what the announcement of changed rows says of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from common.events import TransactionsChanged, WebhookReceived
from common.plaid.errors import unreachable
from tests.sync_worker.faults import Gate
from tests.sync_worker.world import Linked, World

AGO = timedelta(minutes=5)


async def received(world: World, item: Linked, at: datetime) -> None:
    """Handle a webhook that webhook_ingest received then."""
    kind = {"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE"}
    await world.worker.doorbells.on_webhook(WebhookReceived(item_id=item.item_id, received_at=at, **kind))


def rung(world: World) -> list[datetime]:
    """Return since when the rows that were announced are said to be waited for."""
    return [event.rung_at for event in world.worker.events(TransactionsChanged)]


async def test_a_message_that_came_late_counts_from_its_receipt(world: World) -> None:
    """However long it waited for a worker, and whichever of two came first."""
    item, now = await world.caught_up(), datetime.now(UTC)
    await world.rows("UPDATE plaid_integrations SET rung_at = :now, requested_seq = requested_seq + 1", now=now)
    await world.bank.add(item.item_id)
    await received(world, item, now - AGO)
    assert rung(world) == [now - AGO]


async def test_a_failed_sync_counts_from_the_first_receipt(world: World) -> None:
    """What Plaid's failure delayed is as late as it is, when the next try brings it."""
    item, now = await world.caught_up(), datetime.now(UTC)
    await world.bank.add(item.item_id)

    async def fail(_name: str, _request: dict[str, Any]) -> None:
        raise unreachable("a test's fault")

    world.worker.plaid.watch.before = fail
    await received(world, item, now - AGO)
    world.worker.plaid.watch.before = None
    assert rung(world) == []
    await received(world, item, now)
    assert rung(world) == [now - AGO]


async def test_what_rings_during_a_sync_is_not_as_late_as_that(world: World) -> None:
    """A bell that waits for the pass in hand counts from then, not from the bell that this pass answers."""
    item, now = await world.caught_up(), datetime.now(UTC)
    await world.bank.add(item.item_id)
    world.worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(received(world, item, now - AGO))
    await gate.reached.wait()
    await received(world, item, datetime.now(UTC))
    held = world.worker.plaid.watch.after

    async def add_before_the_next(name: str, answer: dict[str, Any]) -> dict[str, Any]:
        if name == "transactions_sync":
            world.worker.plaid.watch.after = held
            await world.bank.add(item.item_id)
        return answer

    world.worker.plaid.watch.after = add_before_the_next
    gate.opened.set()
    await syncing
    first, second = rung(world)
    assert first == now - AGO
    assert now <= second < datetime.now(UTC)
