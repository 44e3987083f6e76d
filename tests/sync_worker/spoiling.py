"""Transactions that Plaid sends and we cannot use."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import RowMapping

from tests.sync_worker.world import Linked, World

Json = dict[str, Any]


def spoiling(changes: Json) -> tuple[Callable[..., Any], list[str]]:
    """Return a hook that spoils the first transaction it sees, and the list where it notes which."""
    spoiled: list[str] = []

    async def spoil(name: str, answer: Json) -> Json:
        if name == "transactions_sync" and answer["added"] and not spoiled:
            spoiled.append(answer["added"][0]["transaction_id"])
            answer["added"][0] |= changes
        return answer

    return spoil, spoiled


async def quarantined(world: World) -> list[RowMapping]:
    """Return what waits."""
    return await world.rows("SELECT * FROM quarantined_transactions WHERE resolved_at IS NULL")


async def with_one_spoiled(world: World, **changes: Any) -> tuple[Linked, str]:
    """Link and sync, with one transaction spoiled on its way; return its id."""
    item = await world.link()
    world.worker.plaid.watch.after, spoiled = spoiling(changes)
    await world.worker.ring(item.id, "linked")
    return item, spoiled[0]
