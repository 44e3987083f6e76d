import pytest
from sqlalchemy.exc import DBAPIError

from ops.store import trail
from ops.store.trail import Deed
from tests.ops.command import Ops
from tests.sync_worker.spoiling import with_one_spoiled
from tests.sync_worker.world import World

DID = Deed("kim", "item pause", "item 1", {"heal": True})


async def test_every_change_is_in_the_history_and_no_look_is(ops: Ops, world: World) -> None:
    """Who, what, to what, how it ended: newest first; what only looked left no row, nor did what was refused."""
    item, _ = await with_one_spoiled(world, amount=None)
    name = str(item.id)
    for look in (["items"], ["item", "show", name], ["orphans"], ["quarantine", "list"], ["usage"], ["history"]):
        assert (await ops(*look)).code == 0
    assert (await ops("item", "resume", name)).code == 2
    assert (await ops("history", "--json")).rows == []
    changes = [["item", "sync"], ["item", "pause"], ["item", "resume"], ["item", "audit"], ["item", "resync"]]
    options = {"audit": ["--no-wait"], "resync": ["--yes"]}
    for words in changes:
        assert (await ops(*words, name, *options.get(words[1], []))).code == 0
    await ops("quarantine", "replay", "--all")
    found = (await ops("history", "--json")).rows
    assert [row["command"] for row in found] == ["quarantine replay", *(" ".join(words) for words in reversed(changes))]
    assert {row["operator"] for row in found} == {"kim"}
    assert found[0]["outcome"] == "1 transaction of 1 item is due"
    assert len((await ops("history", "--integration", item.item_id, "--json")).rows) == len(changes)
    assert (await ops("history", "--by", "lee", "--json")).rows == []
    assert "item pause" in (await ops("history")).out


@pytest.mark.parametrize(
    "rewriting",
    [
        "UPDATE ops_audit SET operator = 'lee'",
        "UPDATE ops_audit SET outcome = 'well', at = now() - interval '1 day'",
        "UPDATE ops_audit SET outcome = NULL",
        "DELETE FROM ops_audit",
        "TRUNCATE ops_audit",
    ],
)
async def test_history_cannot_be_rewritten(world: World, rewriting: str) -> None:
    """An outcome is told once; nothing else of a row ever changes, and none goes."""
    async with world.worker.database.transaction() as session:
        entry = await trail.record(session, DID, None)
        await trail.end(session, entry, "done")
    with pytest.raises(DBAPIError, match="ops_audit keeps what was done"):
        await world.rows(rewriting)
    with pytest.raises(DBAPIError, match="ops_audit keeps what was done"):
        await world.rows("UPDATE ops_audit SET outcome = 'undone'")
    async with world.worker.database.transaction() as session:
        [kept] = await trail.some(session, 9, subject="item 1", operator=None)
    assert (kept.operator, kept.arguments, kept.outcome) == ("kim", {"heal": True}, "done")
