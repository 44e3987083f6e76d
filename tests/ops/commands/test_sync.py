import pytest

from ops.commands import sync
from tests.ops.command import Ops
from tests.ops.conftest import working
from tests.sync_worker.world import Linked, World, until

RESTED = "UPDATE plaid_integrations SET next_sync_at = now() + interval '5 hours'"
DUE = "SELECT id FROM plaid_integrations WHERE next_sync_at <= now() ORDER BY id"
TRAIL = "SELECT command, outcome FROM ops_audit"


async def test_every_item_is_due(ops: Ops, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, all are made due that can be read, and none that is paused or gone."""
    monkeypatch.setattr(sync, "EACH", 2)
    items = [await world.link() for _ in range(6)]
    await world.rows(RESTED)
    await world.rows("UPDATE plaid_integrations SET paused_at = now() WHERE id = :id", id=items[1].id)
    await world.rows("UPDATE plaid_integrations SET status = 'disconnected' WHERE id = :id", id=items[2].id)
    ended = await ops("sync", "--all")
    assert (ended.code, "4 items" in ended.err) == (0, True)
    assert [row["id"] for row in await world.rows(DUE)] == [items[n].id for n in (0, 3, 4, 5)]
    assert [tuple(row.values()) for row in await world.rows(TRAIL)] == [("sync", "done")]


async def equal(world: World, item: Linked) -> bool:
    """Return whether we hold what the bank knows."""
    return await world.differences(item) == {}


async def test_what_no_bell_told_is_read(ops: Ops, world: World) -> None:
    """News whose webhook was lost, hours before the item's turn, are here after it."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    await world.rows(RESTED)
    await world.rows("DELETE FROM plaid_transactions WHERE integration_id = :id AND NOT pending", id=item.id)
    await world.rows("UPDATE plaid_integrations SET cursor = NULL WHERE id = :id", id=item.id)
    assert (await ops("sync", "--all")).code == 0
    async with working(world.worker):
        await until(lambda: equal(world, item))


async def test_asked_wrongly(ops: Ops, world: World) -> None:
    """Without --all nothing is made due, and it says how one item is read."""
    await world.link()
    await world.rows(RESTED)
    ended = await ops("sync")
    assert (ended.code, "ops item sync" in ended.err) == (2, True)
    assert await world.rows(DUE) == []
