from typing import Any

import pytest

from tests.ops.command import Ops
from tests.ops.conftest import working
from tests.sync_worker.spoiling import with_one_spoiled
from tests.sync_worker.world import World, until

Json = dict[str, Any]
DUE = """
    SELECT q.integration_id, q.next_retry_at <= now() AS due, i.next_sync_at <= now() AS rung
    FROM quarantined_transactions q JOIN plaid_integrations i ON i.id = q.integration_id ORDER BY q.integration_id
"""


async def test_what_waits_is_listed_with_its_reason(ops: Ops, world: World) -> None:
    """One sees what could not be used, of which item and why; not what it says."""
    item, spoiled = await with_one_spoiled(world, amount=None)
    table, rows = await ops("quarantine", "list"), await ops("quarantine", "list", "--json")
    assert spoiled in table.out
    [row] = rows.rows
    assert (row["integration_id"], row["transaction_id"], row["attempts"]) == (item.id, spoiled, 1)
    assert "amount" in row["reason"]
    assert "raw" not in row
    other = await world.link()
    assert (await ops("quarantine", "list", "--integration", other.item_id, "--json")).rows == []


async def test_replay_reads_it_again(ops: Ops, world: World) -> None:
    """What our code can use by now becomes a row, with the next sync, which comes at once."""
    item, spoiled = await with_one_spoiled(world, amount=None)
    whole = "UPDATE quarantined_transactions SET raw = regexp_replace(raw, '\"amount\": null', '\"amount\": 5')"
    await world.rows(whole)
    ended = await ops("quarantine", "replay", "--integration", str(item.id))
    assert (ended.code, ended.err.split(" is read")[0]) == (0, "1 transaction of 1 item")

    async def stands() -> bool:
        return spoiled in await world.transactions(item)

    async with working(world.worker):
        await until(stands)
    assert (await ops("quarantine", "list", "--json")).rows == []


async def test_replay_is_of_what_was_meant(ops: Ops, world: World) -> None:
    """One item's, or all; those that cannot be synced as they stand are counted apart and not rung for."""
    items = [(await with_one_spoiled(world, amount=None))[0] for _ in range(3)]
    await world.rows("UPDATE plaid_integrations SET status = 'login_required' WHERE id = :id", id=items[2].id)
    await ops("quarantine", "replay", "--integration", items[0].item_id)
    assert [(row["due"], row["rung"]) for row in await world.rows(DUE)] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    ended = await ops("quarantine", "replay", "--all")
    assert "3 transactions of 3 items" in ended.err
    assert "1 of the items cannot be synced" in ended.err
    assert [(row["due"], row["rung"]) for row in await world.rows(DUE)] == [(True, True), (True, True), (True, False)]


async def test_reasons_narrow_it(ops: Ops, world: World) -> None:
    """List and replay take words of the reason, small or large; a paused item is made due and not rung for."""
    item, _ = await with_one_spoiled(world, amount=None)
    assert len((await ops("quarantine", "list", "--reason", "AMOUNT", "--json")).rows) == 1
    assert (await ops("quarantine", "list", "--reason", "no such reason", "--json")).rows == []
    assert "0 transactions of 0" in (await ops("quarantine", "replay", "--all", "--reason", "no such reason")).err
    await ops("item", "pause", str(item.id))
    ended = await ops("quarantine", "replay", "--all", "--reason", "amount")
    assert "1 of the items cannot be synced" in ended.err
    assert [(row["due"], row["rung"]) for row in await world.rows(DUE)] == [(True, False)]


@pytest.mark.parametrize("words", [[], ["--all", "--integration", "1"], ["--integration", "nobody's"]])
async def test_a_replay_of_nothing_in_particular_is_refused(ops: Ops, words: list[str]) -> None:
    """One says which, or that it is all."""
    assert (await ops("quarantine", "replay", *words)).code == 2
