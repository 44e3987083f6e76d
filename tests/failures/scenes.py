"""What many of these tests begin with, and what they look at."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import RowMapping

from common.events import SyncRequested
from tests.sync_worker.faults import Gate
from tests.sync_worker.world import Linked, World

Json = dict[str, Any]


async def when_due(world: World, item: Linked) -> None:
    """Let time pass until the item is due; the sweep rings for it, and its message is handled."""
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now() WHERE id = :id", id=item.id)
    told = len(world.worker.events(SyncRequested))
    await world.worker.sweep.once()
    for event in world.worker.events(SyncRequested)[told:]:
        await world.worker.doorbells.on_sweep(event)


@asynccontextmanager
async def syncing(world: World, item: Linked) -> AsyncIterator[None]:
    """Yield while a sync of the item waits for Plaid's answer; return when it has ended."""
    world.worker.plaid.watch.before = gate = Gate()
    under_way = asyncio.create_task(world.worker.hear(item.item_id))
    await gate.reached.wait()
    try:
        yield
    finally:
        gate.opened.set()
        await under_way


async def standing(world: World, item: Linked) -> list[str]:
    """Return the kinds of the notifications that stand."""
    sql = "SELECT kind FROM notifications WHERE integration_id = :id AND cleared_at IS NULL ORDER BY kind"
    return [row["kind"] for row in await world.rows(sql, id=item.id)]


async def stored(world: World, item: Linked) -> dict[str, RowMapping]:
    """Return every row of the item's transactions, tombstones too, by Plaid's id."""
    rows = await world.rows("SELECT * FROM plaid_transactions WHERE integration_id = :id", id=item.id)
    return {row["transaction_id"]: row for row in rows}


async def accounts(world: World, item: Linked) -> dict[str, RowMapping]:
    """Return the stored accounts by Plaid's id."""
    rows = await world.rows("SELECT * FROM plaid_accounts WHERE integration_id = :id", id=item.id)
    return {row["account_id"]: row for row in rows}


def cursors(requests: Iterable[tuple[str, Json]]) -> list[str | None]:
    """Return with which cursors /transactions/sync was asked."""
    return [ask.get("cursor") for name, ask in requests if name == "transactions_sync"]


def requests(world: World) -> list[tuple[str, Json]]:
    """Return a list that every later call of Plaid is added to."""
    seen: list[tuple[str, Json]] = []

    async def note(name: str, ask: Json) -> None:
        seen.append((name, ask))

    world.worker.plaid.watch.before = note
    return seen
