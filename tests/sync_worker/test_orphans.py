"""Items that ring and are not ours are on record, and nothing else is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from common.events import WebhookReceived
from tests.sync_worker.world import Linked, World

STATUS = "UPDATE plaid_integrations SET is_active = false, status = :status, updated_at = :since WHERE id = :id"
BACKDATE = "UPDATE orphan_items SET first_seen_at = :first, last_seen_at = :last"


def counted() -> float:
    return REGISTRY.get_sample_value("orphan_doorbells_total") or 0


async def on_record(world: World) -> dict[str, Any]:
    return {row["item_id"]: row for row in await world.rows("SELECT * FROM orphan_items")}


async def left(world: World, item: Linked, status: str, ago: timedelta = timedelta()) -> None:
    """Let the item be on its way out, or gone for so long."""
    await world.rows(STATUS, id=item.id, status=status, since=datetime.now(UTC) - ago)


async def test_an_item_that_nobody_has_is_on_record(world: World) -> None:
    """One row however often it rings: first and last time, the last webhook; the log and a counter tell it."""
    before, began = counted(), datetime.now(UTC)
    with capture_logs() as lines:
        await world.worker.hear("nobody's", "ERROR", "ITEM")
        await world.worker.hear("nobody's")
    [row] = (await on_record(world)).values()
    assert (row["webhooks"], row["webhook_type"], row["webhook_code"]) == (2, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE")
    assert began <= row["first_seen_at"] < row["last_seen_at"]
    assert counted() == before + 2
    assert [line["item_id"] for line in lines if line["event"] == "webhook.orphan"] == ["nobody's"] * 2


async def test_webhooks_out_of_order(world: World) -> None:
    """A webhook that waited in the outbox widens the time, and makes nothing younger."""
    late = datetime.now(UTC) - timedelta(hours=1)
    await world.worker.hear("nobody's")
    await world.worker.doorbells.on_webhook(
        WebhookReceived(item_id="nobody's", webhook_type="ITEM", webhook_code="ERROR", received_at=late)
    )
    [row] = (await on_record(world)).values()
    assert row["first_seen_at"] == late < row["last_seen_at"]


@pytest.mark.parametrize(
    ("status", "ago", "orphan"),
    [
        ("removing", timedelta(days=9), False),
        ("disconnected", timedelta(hours=23), False),
        ("disconnected", timedelta(hours=25), True),
    ],
)
async def test_an_item_that_left(world: World, status: str, ago: timedelta, orphan: bool) -> None:
    """One that is being removed or was within a day is no orphan; one that rings for longer than that is."""
    item, before = await world.link(), counted()
    await left(world, item, status, ago)
    await world.worker.hear(item.item_id)
    assert (item.item_id in await on_record(world)) is orphan
    assert counted() == before + orphan


async def test_a_request_of_ours_makes_no_orphan(world: World) -> None:
    """A user's wish that comes when the item is disconnected already says nothing about Plaid."""
    item, before = await world.link(), counted()
    await left(world, item, "removing")
    await world.worker.ring(item.id)
    assert (await on_record(world), counted()) == ({}, before)


async def test_an_item_whose_row_comes_late_is_forgotten(world: World) -> None:
    """The first webhook of a link in flight may overtake its row: the next sweep after the row forgets it."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET item_id = 'later' WHERE id = :id", id=item.id)
    await world.worker.hear(item.item_id)
    await world.worker.sweep.once()
    assert item.item_id in await on_record(world)
    await world.rows(
        "UPDATE plaid_integrations SET item_id = :item_id WHERE id = :id", id=item.id, item_id=item.item_id
    )
    await world.worker.sweep.once()
    assert await on_record(world) == {}


@pytest.mark.parametrize(
    ("first", "last", "ringing", "kept"),
    [
        (timedelta(minutes=5), timedelta(), 0, True),
        (timedelta(minutes=15), timedelta(), 1, True),
        (timedelta(days=20), timedelta(hours=23), 1, True),
        (timedelta(days=20), timedelta(hours=25), 0, True),
        (timedelta(days=50), timedelta(days=31), 0, False),
    ],
)
async def test_the_gauge(world: World, first: timedelta, last: timedelta, ringing: int, kept: bool) -> None:
    """Counts who rang within a day and not for the first time just now; who was silent for 30 days is forgotten."""
    await world.worker.hear("nobody's")
    now = datetime.now(UTC)
    await world.rows(BACKDATE, first=now - first, last=now - last)
    await world.worker.sweep.once()
    assert REGISTRY.get_sample_value("orphan_items") == ringing
    assert bool(await on_record(world)) is kept
