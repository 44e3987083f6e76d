from datetime import timedelta
from typing import Any

import pytest

from common.events import AuditRequested
from ops.store import audits
from tests.ops.command import Ops
from tests.ops.conftest import working
from tests.sync_worker.world import Linked, World

LOSE = """
    DELETE FROM plaid_transactions
    WHERE id IN (SELECT id FROM plaid_transactions WHERE integration_id = :id ORDER BY id LIMIT 2)
"""
ORDERED = "SELECT integration_id, heal FROM audits ORDER BY id"
FOUND = """
    INSERT INTO audits (integration_id, heal, finished_at, compared, missing, extra, different, error_code)
    VALUES (:id, :heal, now() + CAST(:after AS interval), 9, :missing, 0, 0, :error_code) RETURNING id
"""


async def linked(world: World, user_id: int = 1) -> Linked:
    """Link an item and sync it."""
    item = await world.link(user_id=user_id)
    await world.worker.ring(item.id, "linked")
    return item


async def test_what_is_equal_ends_with_0(ops: Ops, world: World) -> None:
    """Ordered, waited for and told: every transaction compared, none differs."""
    item = await linked(world)
    async with working(world.worker):
        ended = await ops.process("item", "audit", item.item_id, "--json")
    [row] = ended.rows
    assert (ended.code, row["outcome"], row["integration_id"]) == (0, "equal", item.id)
    assert row["compared"] == len(await world.transactions(item))


async def test_differences_end_with_1_and_are_named(ops: Ops, world: World) -> None:
    """A table of what differs, some of it by name; the items where nothing does are in it too."""
    well, ill = await linked(world), await linked(world, user_id=2)
    lost = set(await world.transactions(ill))
    await world.rows(LOSE, id=ill.id)
    lost -= set(await world.transactions(ill))
    async with working(world.worker):
        ended = await ops.process("audit", "--all")
    assert ended.code == 1
    lines = [line.split() for line in ended.out.splitlines()]
    assert next(line[-6] for line in lines if line[:1] == [str(well.id)]) == "equal"
    assert next(line[-6:-3] for line in lines if "differs" in line)[0] == "differs"
    assert {tuple(line) for line in lines if line[-1:] == ["missing"]} >= {
        (str(ill.id), one, "missing") for one in lost
    }
    assert (await world.integration(ill))["cursor"] is not None


async def test_what_differs_is_healed(ops: Ops, world: World) -> None:
    """With --heal the command ends when all of the item was read anew, which mended the differences."""
    item = await linked(world)
    await world.rows(LOSE, id=item.id)
    async with working(world.worker):
        ended = await ops.process("item", "audit", str(item.id), "--heal", "--json")
    [row] = ended.rows
    assert (ended.code, row["outcome"], row["missing"]) == (0, "reread", 2)
    assert await world.differences(item) == {}


async def test_an_order_is_a_row(ops: Ops, world: World) -> None:
    """Without waiting an order is written and told; a second one for the same item joins it, healing included."""
    item = await linked(world)
    for words, heal in (([], False), (["--heal"], True), ([], True)):
        ended = await ops("item", "audit", str(item.id), "--no-wait", *words, "--json")
        assert (ended.code, [row["outcome"] for row in ended.rows]) == (0, ["waits"])
        assert [dict(row) for row in await world.rows(ORDERED)] == [{"integration_id": item.id, "heal": heal}]
    await world.worker.sweep.once()
    assert len(world.worker.events(AuditRequested)) == 1


async def test_a_users_items_alone(ops: Ops, world: World) -> None:
    """--user orders for this user's connected items."""
    items = [await world.link(user_id=user_id) for user_id in (1, 2, 2, 2)]
    await world.rows("UPDATE plaid_integrations SET status = 'disconnected' WHERE id = :id", id=items[3].id)
    await ops("audit", "--user", "2", "--no-wait")
    assert [row["integration_id"] for row in await world.rows(ORDERED)] == [items[1].id, items[2].id]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Say which"),
        (["--user", "1", "--all"], "Say which"),
        (["--user", "9"], "User 9 has no connected items"),
    ],
)
async def test_a_wrong_question_is_refused(ops: Ops, words: list[str], says: str) -> None:
    """Ends with 2 and says what is wrong; nothing is ordered."""
    ended = await ops("audit", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


@pytest.mark.parametrize("command", ["show", "sync", "pause", "resume", "audit", "resync"])
async def test_an_item_that_there_is_not_is_refused(ops: Ops, command: str) -> None:
    """Ends with 2 and names it, whatever was to be done."""
    for name in ("no such item", "12345678901234567890123", "\u0663"):
        ended = await ops("item", command, name)
        assert (ended.code, ended.out) == (2, "")
        assert f"No item has the id {name}" in ended.err


async def test_what_is_disconnected_is_refused(ops: Ops, world: World) -> None:
    """An item that Plaid would not tell about is not audited, and the command says why."""
    item = await world.link()
    await world.rows("UPDATE plaid_integrations SET status = 'disconnected' WHERE id = :id", id=item.id)
    ended = await ops("item", "audit", str(item.id))
    assert ended.code == 2
    assert "disconnected" in ended.err


async def test_waiting_has_an_end(ops: Ops, world: World) -> None:
    """Where no worker runs the command says so after the time it was given, and ends with 1."""
    item = await world.link()
    ended = await ops("item", "audit", str(item.id), "--timeout", "1", "--json")
    assert (ended.code, ended.rows[0]["outcome"]) == (1, "waits")
    assert "is a sync_worker running?" in ended.err


HOUR = timedelta(hours=1)
BECAME: list[tuple[dict[str, Any], timedelta, str, bool]] = [
    ({"heal": True, "missing": 0}, HOUR, "equal", True),
    ({"heal": False, "missing": 3}, -HOUR, "differs", False),
    ({"heal": True, "missing": 3}, HOUR, "rereading", False),
    ({"heal": True, "missing": 3}, -HOUR, "reread", True),
    ({"heal": True, "error_code": "ITEM_LOGIN_REQUIRED"}, HOUR, "ITEM_LOGIN_REQUIRED", False),
]


async def test_what_became_of_it(world: World) -> None:
    """Only what was compared and found equal, or was read again since, counts as good."""
    item = await linked(world)
    for found, finished, outcome, good in BECAME:
        values = {"missing": None, "error_code": None} | found
        [row] = await world.rows(FOUND, id=item.id, after=finished, **values)
        async with world.worker.database.transaction() as session:
            [audit] = await audits.results(session, [row["id"]])
        assert (audit.outcome, audit.good) == (outcome, good)


async def test_reread_means_since_the_audit(world: World) -> None:
    """A sync that ended in the moment when an audit had all read anew is not that whole reading."""
    item = await linked(world)
    [row] = await world.rows(FOUND, id=item.id, heal=True, missing=3, error_code=None, after=-HOUR)
    await world.rows("UPDATE plaid_integrations SET cursor = NULL WHERE id = :id", id=item.id)
    async with world.worker.database.transaction() as session:
        assert [audit.outcome for audit in await audits.results(session, [row["id"]])] == ["rereading"]
        assert await audits.rereading(session, [row["id"]]) == 1
