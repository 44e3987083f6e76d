import json

import pytest

from tests.ops.command import Ops
from tests.sync_worker.world import World

ANY = "SELECT id, transaction_id FROM plaid_transactions ORDER BY id LIMIT 1"
UNDER = "SELECT correlation_id FROM plaid_sync_history WHERE success ORDER BY id LIMIT 1"


async def test_what_was_stored_and_not_decided(ops: Ops, world: World) -> None:
    """By Plaid's id and by ours: it rang, was synced and stored, and waits; times go forward, gaps are told."""
    await world.synced()
    [row] = await world.rows(ANY)
    told = [await ops("trace", name) for name in (row["transaction_id"], str(row["id"]))]
    assert told[0].out == told[1].out
    assert [line.split()[-1] for line in told[0].err.splitlines()] == ["status`."]
    story = json.loads((await ops("trace", row["transaction_id"], "--json")).out)
    assert [moment["what"] for moment in story["moments"]] == ["rung", "synced", "stored"]
    assert [one["id"] for one in story["transactions"]] == [row["id"]]


async def test_a_correlation_id_leads_to_what_it_brought(ops: Ops, world: World) -> None:
    """The id of a line of the log tells the sync, and the transactions that it stored, each to be traced."""
    await world.synced()
    [row] = await world.rows(UNDER)
    ended = await ops("trace", row["correlation_id"], "--most", "3", "--json")
    story = json.loads(ended.out)
    assert {moment["what"] for moment in story["moments"]} == {"rung", "synced"}
    assert {moment["correlation_id"] for moment in story["moments"]} == {row["correlation_id"]}
    assert len(story["transactions"]) == 3


async def test_a_sync_in_the_middle_leads_to_what_it_brought(ops: Ops, world: World) -> None:
    """Of three syncs that each brought a version, the one between the others is followed too."""
    item = await world.synced()
    [added] = (await world.bank.post(f"/sandbox_control/items/{item.item_id}/transactions", {"amount": 5}))["added"]
    await world.worker.hear(item.item_id)
    for amount in (6, 7):
        change = {"transaction_id": added, "amount": amount}
        await world.bank.post(f"/sandbox_control/items/{item.item_id}/transactions/edit", change)
        await world.worker.hear(item.item_id)
    found = await world.rows("SELECT correlation_id FROM plaid_sync_history WHERE success ORDER BY id DESC LIMIT 2")
    story = json.loads((await ops("trace", found[1]["correlation_id"], "--json")).out)
    assert [one["transaction_id"] for one in story["transactions"]] == [added]
    assert [moment["detail"] for moment in story["moments"] if moment["what"] == "stored"] == [
        "version 1", "version 2", "version 3",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["nobody", "99999999", "9" * 30, "'; --", "\u0663"])
async def test_an_id_of_nothing(ops: Ops, name: str) -> None:
    """What is no id of ours is answered in a sentence, whatever it looks like."""
    ended = await ops("trace", name)
    assert (ended.code, name in ended.err, ended.out) == (2, True, "")
