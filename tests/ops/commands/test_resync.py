from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from common.events import SyncRequested
from common.tables.link_api import STATUSES
from ops.store import integrations
from sync_worker.store import audits
from tests.ops.command import Ops
from tests.sync_worker.world import Linked, World

LOSE = "DELETE FROM plaid_transactions WHERE integration_id = :id AND pending = false"
ASKED = "SELECT body FROM outbox WHERE routing_key = 'item.sync_requested.sweep'"
STANDS = "UPDATE plaid_integrations SET cursor = 'c', status = :status WHERE id = :id"
BeginAgain = Callable[[AsyncSession, int], Awaitable[bool]]


async def linked(world: World) -> Linked:
    """Link an item and sync it."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    return item


async def test_all_is_read_again(ops: Ops, world: World) -> None:
    """Once it is confirmed the item's next sync is complete, and is asked for: what was lost is back."""
    item = await linked(world)
    await world.rows(LOSE, id=item.id)
    assert (await ops("item", "resync", item.item_id, answer="y\n")).code == 0
    [row] = await world.rows(ASKED)
    await world.worker.doorbells.on_sweep(SyncRequested.model_validate_json(row["body"]))
    assert await world.differences(item) == {}


async def test_nothing_happens_unconfirmed(ops: Ops, world: World) -> None:
    """It asks first, and takes no for an answer; --yes is one."""
    item = await linked(world)
    ended = await ops("item", "resync", str(item.id), answer="n\n")
    assert ended.code == 1
    assert "First Platypus Bank" in ended.out
    assert (await world.integration(item))["cursor"] is not None
    assert (await ops("item", "resync", str(item.id), "--yes")).code == 0
    assert (await world.integration(item))["cursor"] is None


async def test_what_cannot_be_read_is_refused(ops: Ops, world: World) -> None:
    """An item that there is not, or that is no longer connected, is told."""
    item = await linked(world)
    await world.rows("UPDATE plaid_integrations SET status = 'disconnected' WHERE id = :id", id=item.id)
    assert (await ops("item", "resync", "nobody's", "--yes")).code == 2
    ended = await ops("item", "resync", str(item.id), "--yes")
    assert ended.code == 2
    assert "disconnected" in ended.err
    assert await world.rows(ASKED) == []


@pytest.mark.parametrize("begin_again", [audits.begin_again, integrations.begin_again], ids=["healing", "resync"])
async def test_a_healing_and_a_resync_are_the_same(world: World, begin_again: BeginAgain) -> None:
    """Both begin again at the beginning and ask for it in the lane of audits, where Plaid would tell; else neither."""
    item = await world.link()
    for status in STATUSES:
        await world.rows(STANDS, id=item.id, status=status)
        async with world.worker.database.transaction() as session:
            begun = await begin_again(session, item.id)
        assert begun == (status in {"active", "login_required"})
        assert ((await world.integration(item))["cursor"] is None) == begun
    asked = [SyncRequested.model_validate_json(row["body"]) for row in await world.rows(ASKED)]
    assert [(one.integration_id, one.trigger) for one in asked] == [(item.id, "audit")] * 2
