import pytest

from tests.ops.command import Ops
from tests.sync_worker.world import World


async def test_items_are_found_with_both_ids(ops: Ops, world: World) -> None:
    """A table for people, JSON for programs: our id, Plaid's, the user, how it stands; never a token."""
    item = await world.link(user_id=7)
    await world.worker.ring(item.id, "linked")
    table, rows = await ops("items"), await ops("items", "--json")
    assert (table.code, rows.code) == (0, 0)
    for word in (item.item_id, "First Platypus Bank", "active"):
        assert word in table.out
    [row] = rows.rows
    assert (row["id"], row["item_id"], row["user_id"], row["error"]) == (item.id, item.item_id, 7, None)
    assert row["last_sync_at"] < row["next_sync_at"]
    sealed = (await world.integration(item))["access_token"]
    for output in (table.out, rows.out):
        assert item.access_token not in output
        assert sealed not in output


async def test_items_by_status(ops: Ops, world: World) -> None:
    """Only those of the statuses that are asked for; so many at most, and the rest is counted."""
    items = [await world.link() for _ in range(3)]
    await world.rows("UPDATE plaid_integrations SET status = 'revoked' WHERE id = :id", id=items[0].id)
    assert [row["id"] for row in (await ops("items", "--status", "revoked", "--json")).rows] == [items[0].id]
    both = await ops("items", "--status", "revoked", "--status", "active", "--json")
    assert len(both.rows) == 3
    some = await ops("items", "--most", "2")
    assert "2 of 3" in some.err


@pytest.mark.parametrize("status", ["well", "ACTIVE"])
async def test_a_status_that_there_is_not_is_refused(ops: Ops, status: str) -> None:
    """A misspelt status is told, with those that there are."""
    ended = await ops("items", "--status", status)
    assert ended.code == 2
    assert "login_required" in ended.err


async def test_no_items_is_no_error(ops: Ops) -> None:
    """An empty database is said to be empty."""
    assert (await ops("items")).err.strip() == "No items."
    assert (await ops("items", "--json")).rows == []
