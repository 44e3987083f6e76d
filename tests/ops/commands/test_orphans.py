from tests.ops.command import Ops
from tests.sync_worker.world import World

LONG_REMOVED = """
    UPDATE plaid_integrations SET is_active = false, status = 'disconnected', updated_at = now() - interval '3 days'
    WHERE id = :id
"""


async def test_orphans_are_listed_with_what_to_do(ops: Ops, world: World) -> None:
    """Each with its item_id, since when and how often it rang, its kind, and what that asks of an operator."""
    removed = await world.link()
    await world.rows(LONG_REMOVED, id=removed.id)
    await world.worker.hear(removed.item_id)
    await world.worker.hear("nobody's", "ERROR", "ITEM")
    await world.worker.hear("nobody's")
    unknown, gone = (await ops("orphans", "--json")).rows
    assert (unknown["item_id"], unknown["kind"], unknown["integration_id"]) == ("nobody's", "unknown", None)
    assert (unknown["webhooks"], unknown["webhook_code"]) == (2, "SYNC_UPDATES_AVAILABLE")
    assert unknown["first_seen_at"] < unknown["last_seen_at"]
    assert (gone["item_id"], gone["kind"], gone["integration_id"]) == (removed.item_id, "removed", removed.id)
    table = await ops("orphans")
    assert (table.code, "nobody's" in table.out, removed.item_id in table.out) == (0, True, True)
    assert "item.orphaned" in table.err
    assert "Plaid confirmed the removal" in table.err
    assert "1 of 2" in (await ops("orphans", "--most", "1")).err


async def test_an_item_whose_row_came_late_is_none(ops: Ops, world: World) -> None:
    """What turned out to be ours is not listed, though no sweep has passed yet."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET item_id = 'later' WHERE id = :id", id=item.id)
    await world.worker.hear(item.item_id)
    await world.rows(
        "UPDATE plaid_integrations SET item_id = :item_id WHERE id = :id", id=item.id, item_id=item.item_id
    )
    assert (await ops("orphans", "--json")).rows == []


async def test_no_orphans_is_no_error(ops: Ops) -> None:
    """That all is well is said."""
    ended = await ops("orphans")
    assert (ended.code, "every item that rings is ours" in ended.err) == (0, True)
