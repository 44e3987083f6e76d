import asyncio
import json

import pytest

from common.events import RemovalRequested, SyncRequested
from ops.store import pauses
from tests.ops.command import Ops
from tests.sync_worker.faults import Gate
from tests.sync_worker.spoiling import with_one_spoiled
from tests.sync_worker.world import Linked, World

ASKED = "SELECT body FROM outbox WHERE routing_key = 'item.sync_requested' AND body::jsonb->>'trigger' = 'manual'"
TRAIL = "SELECT operator, command, subject, outcome FROM ops_audit ORDER BY id"
DUE = "UPDATE plaid_integrations SET next_sync_at = now() - interval '1 hour' WHERE id = :id"


async def answer_what_ops_asked(world: World) -> None:
    """Hand the requests that the command wrote to a worker, and forget them."""
    for row in await world.rows(ASKED):
        await world.worker.doorbells.on_request(SyncRequested.model_validate_json(row["body"]))
    await world.rows("DELETE FROM outbox")


async def pause_in_mid_sync(ops: Ops, world: World, item: Linked) -> None:
    """Pause an item whose pages have been read and not been stored."""
    gate = Gate()

    async def hold(name: str, answer: dict[str, object]) -> dict[str, object]:
        if name == "transactions_sync":
            gate.reached.set()
            await gate.opened.wait()
        return answer

    world.worker.plaid.watch.after = hold
    syncing = asyncio.create_task(world.worker.hear(item.item_id))
    await gate.reached.wait()
    assert (await ops("item", "pause", str(item.id))).code == 0
    gate.opened.set()
    await syncing
    world.worker.plaid.watch.after = None


async def test_a_pause_in_mid_sync_loses_nothing(ops: Ops, world: World) -> None:
    """What was in hand is not stored, bells are counted, nothing is asked; resumed, all equals the bank's truth."""
    item = await world.link()
    await pause_in_mid_sync(ops, world, item)
    row = await world.integration(item)
    assert (row["cursor"], row["lease_token"], row["failure_count"], await world.transactions(item)) == (
        None,
        None,
        0,
        {},
    )
    asked = world.worker.plaid.watch.calls["transactions_sync"]
    await world.worker.hear(item.item_id)
    await world.rows(DUE, id=item.id)
    assert await world.worker.sweep.once() == 0
    row = await world.integration(item)
    assert (row["requested_seq"], row["processed_seq"]) == (2, 0)
    assert world.worker.plaid.watch.calls["transactions_sync"] == asked
    assert (await ops("item", "resume", item.item_id)).code == 0
    await answer_what_ops_asked(world)
    assert await world.differences(item) == {}
    row = await world.integration(item)
    assert row["requested_seq"] == row["processed_seq"]
    rows = [tuple(row.values()) for row in await world.rows(TRAIL)]
    subject = f"item {item.id}"
    assert rows == [("kim", "item pause", subject, "done"), ("kim", "item resume", subject, "done")]


async def test_pauses_beside_syncs_of_two_workers(world: World) -> None:
    """However pauses, bells and syncs fall together, the last resume leads to the bank's truth."""
    item, other = await world.link(), await world.hire()

    async def toggle() -> None:
        for step in (pauses.pause, pauses.resume) * 6:
            async with world.worker.database.transaction() as session:
                assert await step(session, item.id)
            await asyncio.sleep(0.02)

    async def ring() -> None:
        for number in range(8):
            await (world.worker, other)[number % 2].hear(item.item_id)

    await asyncio.gather(toggle(), ring(), ring())
    await answer_what_ops_asked(world)
    row = await world.integration(item)
    assert (row["requested_seq"], row["paused_at"]) == (row["processed_seq"], None)
    assert await world.differences(item) == {}


async def test_what_is_paused_can_be_removed(ops: Ops, world: World) -> None:
    """Its user's wish to disconnect is carried out by the sweeps all the same."""
    item = await world.synced()
    await ops("item", "pause", str(item.id))
    await world.rows(
        "UPDATE plaid_integrations SET status = 'removing', next_sync_at = now() WHERE id = :id", id=item.id
    )
    assert await world.worker.sweep.once() == 1
    [asked] = world.worker.events(RemovalRequested)
    await world.worker.removal.run(asked.integration_id)
    assert (await world.integration(item))["status"] == "disconnected"


async def test_paused_items_are_told_apart(ops: Ops, world: World) -> None:
    """They are listed as paused and not as active or silent; no scheduled audit begins, nor does a sync."""
    item, other = await world.synced(), await world.synced(user_id=2)
    await world.rows("UPDATE plaid_integrations SET last_sync_at = now() - interval '7 hours', next_audit_at = now()")
    silent = (await ops("items", "--silent", "6h", "--json")).rows
    assert [row["id"] for row in silent] == [item.id, other.id]
    await ops("item", "pause", str(item.id))
    assert [row["id"] for row in (await ops("items", "--status", "paused", "--json")).rows] == [item.id]
    for words in (["--silent", "6h"], ["--status", "active"], ["--silent", "6h", "--institution", "ins_109508"]):
        assert [row["id"] for row in (await ops("items", *words, "--json")).rows] == [other.id]
    assert (await ops("items", "--silent", "8h", "--json")).rows == []
    assert (await ops("items", "--institution", "no bank", "--json")).rows == []
    await world.worker.sweep.once()
    assert [row["integration_id"] for row in await world.rows("SELECT integration_id FROM audits")] == [other.id]
    ended = await ops("item", "sync", str(item.id))
    assert (ended.code, "ops item resume" in ended.err) == (2, True)


async def test_sync_is_a_bell(ops: Ops, world: World) -> None:
    """An operator rings as its user would; what was gone from the rows' side waits no more."""
    item = await world.link()
    assert (await ops("item", "sync", item.item_id)).code == 0
    await answer_what_ops_asked(world)
    assert await world.differences(item) == {}


@pytest.mark.parametrize(
    ("change", "command", "says"),
    [
        ("paused_at = now()", "pause", "is paused already"),
        ("status = 'disconnected'", "pause", "is disconnected already"),
        ("failure_count = 0", "resume", "is not paused"),
        ("status = 'revoked'", "sync", "is revoked"),
    ],
)
async def test_what_makes_no_sense_is_refused(ops: Ops, world: World, change: str, command: str, says: str) -> None:
    """It says how the item is; nothing changes, nothing is written down."""
    item = await world.link()
    await world.rows(f"UPDATE plaid_integrations SET {change} WHERE id = :id", id=item.id)
    before = await world.integration(item)
    ended = await ops("item", command, str(item.id))
    assert (ended.code, says in ended.err) == (2, True)
    after = await world.integration(item)
    assert [(after[name], name) for name in before if name not in {"due_in", "lease_left"}] == [
        (before[name], name) for name in before if name not in {"due_in", "lease_left"}
    ]
    assert (await world.rows(TRAIL), await world.rows("SELECT FROM outbox")) == ([], [])


STANDS = [
    ("failure_count = 0", "All is well"),
    ("paused_at = now()", "ops item resume"),
    ("status = 'login_required'", "sign in again"),
    ("last_sync_error = 'TOKEN_UNSEALABLE'", "PLAID_ENCRYPTION_KEY"),
    ("last_sync_error = 'INVALID_API_KEYS'", "PlaidNeedsOperator"),
    ("last_sync_error = 'INSTITUTION_DOWN'", "by itself"),
    ("last_sync_error = 'SYNC_CRASHED'", "correlation_id"),
    ("requested_seq = requested_seq + 1", "rung for"),
    ("lease_token = gen_random_uuid(), lease_expires_at = now() + interval '20 seconds'", "in hand"),
]


async def test_show_tells_all_and_what_to_do(ops: Ops, world: World) -> None:
    """One screen: how it stands and the next step, what waits, its accounts and last syncs; no token, no cursor."""
    item, _ = await with_one_spoiled(world, amount=None)
    await ops("item", "audit", str(item.id), "--no-wait")
    for change, says in STANDS:
        await world.rows(
            "UPDATE plaid_integrations SET paused_at = NULL, status = 'active', last_sync_error = NULL, "
            "requested_seq = processed_seq, lease_token = NULL, lease_expires_at = NULL WHERE id = :id", id=item.id,
        )  # fmt: skip
        await world.rows(f"UPDATE plaid_integrations SET {change} WHERE id = :id", id=item.id)
        shown = json.loads((await ops("item", "show", item.item_id, "--json")).out)
        assert says in shown["next_step"], (change, shown["next_step"])
    assert (shown["quarantined"], shown["doorbells"], shown["last_audit"][:5]) == (1, 0, "waits")
    assert shown["accounts"]
    assert (shown["syncs"][0]["success"], shown["lease"] is not None) == (True, True)
    table = await ops("item", "show", str(item.id))
    assert (table.code, "next step" in table.out) == (0, True)
    row = await world.integration(item)
    for output in (table.out, json.dumps(shown)):
        assert not {row["access_token"], row["cursor"], item.access_token}.intersection(output.split('"'))
        assert row["cursor"] not in output
