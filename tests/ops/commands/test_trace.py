import json

import pytest

from common.broker.topology import SYNC
from tests.ops.command import Ops
from tests.ops.commands.test_dead import Graveyard, graveyard
from tests.sync_worker.spoiling import with_one_spoiled
from tests.sync_worker.world import World

__all__ = ["graveyard"]

NOTICES = {"user notified", "notice cleared"}
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
    steps = [moment["what"] for moment in story["moments"]]
    assert [step for step in steps if step not in NOTICES] == ["rung", "synced", "stored"]
    assert [one["id"] for one in story["transactions"]] == [row["id"]]


async def test_a_correlation_id_leads_to_what_it_brought(ops: Ops, world: World) -> None:
    """The id of a line of the log tells the sync, and the transactions that it stored, each to be traced."""
    await world.synced()
    [row] = await world.rows(UNDER)
    ended = await ops("trace", row["correlation_id"], "--most", "3", "--json")
    story = json.loads(ended.out)
    assert {moment["what"] for moment in story["moments"]} - NOTICES == {"rung", "synced"}
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


EXPENSE = """
    INSERT INTO expenses (user_id, transaction_id, amount, description, expense_date, auto_category, confidence, source,
        reason, needs_review, pipeline_version)
    SELECT 1, t.id, 5, 'x', t.date, (SELECT slug FROM expense_categories ORDER BY slug LIMIT 1), 1, 'rule', 'x', false,
        'x' FROM plaid_transactions t ORDER BY t.id DESC LIMIT 1 RETURNING id, transaction_id
"""


async def test_an_expense_leads_to_its_transaction(ops: Ops, world: World) -> None:
    """What the user's page has at hand is spelled expense:7, since 7 alone is a transaction of ours."""
    await world.synced()
    [row] = await world.rows(EXPENSE)
    by_expense, by_transaction = [
        json.loads((await ops("trace", name, "--json")).out)
        for name in (f"expense:{row['id']}", str(row["transaction_id"]))
    ]
    assert by_expense == by_transaction
    assert [one["expense_id"] for one in by_expense["transactions"]] == [row["id"]]
    assert (await ops("trace", f"expense:{row['id'] + 1}")).code == 2
    assert (await ops("trace", "expense:")).code == 2


async def test_what_only_stands_in_quarantine_has_a_story(ops: Ops, world: World) -> None:
    """A transaction that never became a row is found by Plaid's id: the sync that brought it, and that it waits."""
    _, spoiled = await with_one_spoiled(world, amount=None)
    story = json.loads((await ops("trace", spoiled, "--json")).out)
    assert [moment["what"] for moment in story["moments"]] == ["rung", "synced", "in quarantine"]
    assert story["transactions"] == []


async def test_what_the_user_was_told_belongs_to_the_story(ops: Ops, world: World) -> None:
    """A notification that a sync wrote stands in the story of what that sync brought, and of its correlation id."""
    await world.synced()
    told = [row["kind"] for row in await world.rows("SELECT kind FROM notifications ORDER BY kind")]
    [row] = await world.rows(ANY)
    [sync] = await world.rows(UNDER)
    for name in (row["transaction_id"], sync["correlation_id"]):
        moments = json.loads((await ops("trace", name, "--json")).out)["moments"]
        assert sorted(one["detail"] for one in moments if one["what"] == "user notified") == told
    assert told


async def test_a_dead_letter_belongs_to_the_story(graveyard: Graveyard) -> None:
    """What was given up under a correlation id is told with its queue, its reason and the command that shows it."""
    [letter, _] = await graveyard.bury(SYNC, number=2)
    ended = await graveyard.ops("trace", "correlation-0", "--json")
    [moment] = json.loads(ended.out)["moments"]
    assert (moment["what"], moment["correlation_id"]) == ("dead letter", "correlation-0")
    assert moment["detail"] == f"{SYNC.name}: poison; ops dead show {letter}"
    assert list(await graveyard.held(f"{SYNC.name}.dead"))[:1] == [letter]


async def test_dead_letters_that_cannot_be_read_are_left_out(ops: Ops, world: World) -> None:
    """Without RabbitMQ the tables' part is told all the same, and what is missing is said."""
    await world.synced()
    [row] = await world.rows(ANY)
    ended = await Ops(ops.environment | {"AMQP_URL": "amqp://nobody@127.0.0.1:1/"})("trace", row["transaction_id"])
    assert (ended.code, "left out" in ended.err, "synced" in ended.out) == (0, True, True)


@pytest.mark.parametrize("name", ["nobody", "99999999", "9" * 30, "'; --", "\u0663"])
async def test_an_id_of_nothing(ops: Ops, name: str) -> None:
    """What is no id of ours is answered in a sentence, whatever it looks like."""
    ended = await ops("trace", name)
    assert (ended.code, name in ended.err, ended.out) == (2, True, "")
