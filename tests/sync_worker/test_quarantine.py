"""What cannot be used waits in quarantine, and the rest commits."""

import json
from datetime import timedelta
from typing import Any

import pytest

from common.events import SyncRequested
from sync_worker.store.quarantine import MOST_WOKEN
from tests.sync_worker.answers import text
from tests.sync_worker.spoiling import quarantined, spoiling, with_one_spoiled
from tests.sync_worker.world import Linked, World

Json = dict[str, Any]
SPOILED = [
    {"amount": None},
    {"amount": "1e999999"},
    {"date": "yesterday"},
    {"iso_currency_code": "USD", "unofficial_currency_code": "USDT"},
    {"payment_channel": "x" * 51},
    {"account_id": "nobody's"},
]


@pytest.mark.parametrize("changes", SPOILED, ids=str)
async def test_one_unusable_transaction_waits_and_the_rest_commits(world: World, changes: Json) -> None:
    """It keeps its raw text and the reason, the history counts what was written, the cursor moves on."""
    item, spoiled = await with_one_spoiled(world, **changes)
    assert await world.differences(item) == {spoiled: "missing"}
    [waiting] = await quarantined(world)
    assert waiting["transaction_id"] == spoiled
    assert json.loads(waiting["raw"])["transaction_id"] == spoiled
    assert waiting["reason"]
    assert (await world.history(item))[0]["transactions_added"] == len(await world.transactions(item))
    assert (await world.integration(item))["cursor"]


async def test_a_correction_of_a_closed_account_waits_beside_the_row(world: World) -> None:
    """Nobody could use it, and Plaid names it no more: the row stays as it was, and the correction waits."""
    item = await world.synced()
    before = await world.transactions(item)
    one = min(before)
    await world.bank.control(item.item_id, "transactions/odd", transaction_id=one, fields={"amount": None})
    await world.worker.hear(item.item_id)
    await world.bank.close_account(item.item_id, before[one]["account_id"])
    await world.worker.hear(item.item_id)
    assert (await world.transactions(item))[one] == before[one]
    assert [row["transaction_id"] for row in await quarantined(world)] == [one]


async def test_it_heals_when_it_arrives_whole(world: World) -> None:
    """The next time Plaid sends it readable, it becomes a row and its quarantine ends."""
    item, spoiled = await with_one_spoiled(world, amount=None)
    await world.bank.edit(item.item_id, spoiled, name="WHOLE AGAIN")
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}
    assert await quarantined(world) == []


async def test_it_ends_when_the_bank_takes_it_back(world: World) -> None:
    """A removal leaves nothing to replay."""
    item, spoiled = await with_one_spoiled(world, amount=None)
    await world.bank.withdraw(item.item_id, spoiled)
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}
    assert await quarantined(world) == []


async def test_an_unusable_correction_leaves_the_row_as_it_was(world: World) -> None:
    """A row whose correction cannot be read keeps its last good state, and the correction waits."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    one = min(await world.transactions(item))
    before = (await world.transactions(item))[one]

    async def spoil(name: str, answer: Json) -> Json:
        for row in answer.get("modified", ()):
            row["amount"] = "much"
        return answer

    world.worker.plaid.watch.after = spoil
    await world.bank.edit(item.item_id, one, amount=77)
    await world.worker.hear(item.item_id)
    assert (await world.transactions(item))[one] == before
    assert [row["transaction_id"] for row in await quarantined(world)] == [one]


async def test_a_whole_page_of_them_is_no_problem(world: World) -> None:
    """Were Plaid's format to change under us, all would wait and none be lost; the item stays well."""
    item = await world.link(days=730)

    async def spoil(name: str, answer: Json) -> Json:
        for row in answer.get("added", ()):
            del row["amount"]
        return answer

    world.worker.plaid.watch.after = spoil
    await world.worker.ring(item.id, "linked")
    assert len(await quarantined(world)) == len(await world.bank.truth(item.item_id))
    assert (await world.integration(item))["last_sync_error"] is None


DUE = "UPDATE quarantined_transactions SET next_retry_at = now() WHERE resolved_at IS NULL"
RELEASE = "UPDATE quarantined_transactions SET raw = :raw, next_retry_at = now() + CAST(:due AS interval)"
WAIT = """
    INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason, next_retry_at)
    VALUES (:id, 'odd', '{"transaction_id": "odd"}', 'no amount', now() + CAST(:due AS interval))
"""
MANY = """
    INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason, next_retry_at)
    SELECT :id, n, '{}', 'odd', now() - interval '1 hour' FROM generate_series(1, :count) AS n
"""
HOUR = timedelta(hours=1)


async def readable(world: World, due: timedelta = timedelta(0)) -> tuple[Linked, str]:
    """Link and sync with one transaction spoiled, then let a release come that can read it, and its time."""
    item = await world.link(days=5)
    raws: dict[str, str] = {}
    spoil, spoiled = spoiling({"amount": None})

    async def keep(name: str, answer: Json) -> Json:
        if name == "transactions_sync":
            raws.update({row["transaction_id"]: text(row) for row in answer["added"]})
        return dict(await spoil(name, answer))

    world.worker.plaid.watch.after = keep
    await world.worker.ring(item.id, "linked")
    world.worker.plaid.watch.after = None
    world.worker.emitted.clear()
    await world.rows(RELEASE, raw=raws[spoiled[0]], due=due)
    return item, spoiled[0]


async def test_what_has_become_readable_is_replayed(world: World) -> None:
    """When it is due the next sync writes it as any other: a row, its version, its event, a count in the history."""
    item, one = await readable(world)
    await world.worker.ring(item.id)
    row = (await world.transactions(item))[one]
    assert await world.differences(item) == {}
    assert (row["version"], world.worker.changed_ids()) == (1, [row["id"]])
    assert (await world.history(item))[-1]["transactions_added"] == 1
    assert await quarantined(world) == []


async def test_what_is_not_due_waits(world: World) -> None:
    """A sync before its time leaves it alone."""
    item, one = await readable(world, due=timedelta(minutes=1))
    before = await quarantined(world)
    await world.worker.ring(item.id)
    assert await world.differences(item) == {one: "missing"}
    assert await quarantined(world) == before


async def test_what_stays_unusable_waits_longer_each_time(world: World) -> None:
    """An hour, doubling to 32: only a new release of ours can change the answer; when it does, it is over."""
    item, _ = await with_one_spoiled(world, amount=None)
    hours = []
    for attempts in range(1, 8):
        [row] = await world.rows("SELECT *, next_retry_at - now() AS wait FROM quarantined_transactions")
        assert (row["attempts"], row["resolved_at"]) == (attempts, None)
        hours.append(round(row["wait"] / HOUR))
        await world.rows(DUE)
        await world.worker.ring(item.id)
    assert hours == [1, 2, 4, 8, 16, 32, 32]


async def test_a_newer_version_wins_over_the_replayed_one(world: World) -> None:
    """What Plaid says in the same pass is later than what waited."""
    item, one = await readable(world)
    await world.bank.edit(item.item_id, one, name="NEWER", amount=5)
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}
    assert (await world.transactions(item))[one]["version"] == 1
    assert await quarantined(world) == []


async def test_a_removal_wins_over_the_replayed_one(world: World) -> None:
    """What the bank took back meanwhile does not come out of quarantine."""
    item, one = await readable(world)
    await world.bank.withdraw(item.item_id, one)
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}
    assert world.worker.changed_ids() == []
    assert await quarantined(world) == []


async def test_an_older_version_never_replaces_a_newer_row(world: World) -> None:
    """What arrived whole ended its quarantine: the text that waited is not read again."""
    item, one = await readable(world, due=HOUR)
    await world.bank.edit(item.item_id, one, name="NEWER")
    await world.worker.hear(item.item_id)
    await world.rows("UPDATE quarantined_transactions SET next_retry_at = now()")
    await world.worker.ring(item.id)
    assert await world.differences(item) == {}


async def test_the_sweep_wakes_those_whose_time_has_come(world: World) -> None:
    """Exactly the items with something due, once: not again while their message is under way, nor when it is done."""
    due, later, over, failing, stuck = [await world.link(days=3) for _ in range(5)]
    for item in (due, later, over, failing, stuck):
        await world.worker.ring(item.id, "linked")
        await world.rows(WAIT, id=item.id, due=HOUR if item is later else timedelta(0))
    await world.rows("UPDATE quarantined_transactions SET resolved_at = now() WHERE integration_id = :id", id=over.id)
    await world.bank.fail_next(path="/transactions/sync", item_id=failing.item_id, error_code="INTERNAL_SERVER_ERROR")
    await world.worker.ring(failing.id)
    await world.bank.break_login(stuck.access_token)
    await world.worker.hear(stuck.item_id, "ERROR", "ITEM")
    await world.rows("UPDATE plaid_integrations SET processed_seq = requested_seq WHERE id = :id", id=stuck.id)
    later_on = "UPDATE plaid_integrations SET next_sync_at = now() + interval '1 hour' WHERE id = ANY(:ids)"
    await world.rows(later_on, ids=[failing.id, stuck.id])
    world.worker.emitted.clear()
    other = await world.hire()
    assert [await worker.sweep.once() for worker in (world.worker, other, world.worker, other)] == [1, 0, 0, 0]
    [bell] = world.worker.events(SyncRequested)
    assert bell.integration_id == due.id
    await world.worker.doorbells.on_sweep(bell)
    [row] = await world.rows("SELECT attempts FROM quarantined_transactions WHERE integration_id = :id", id=due.id)
    assert row["attempts"] == 2
    assert await world.worker.sweep.once() == 0


async def test_who_cannot_be_woken_keeps_nobody_asleep(world: World) -> None:
    """However much waits of a bank that its user disconnected, longer than anything else: the others are woken."""
    gone, due = [await world.link(days=3) for _ in range(2)]
    for item in (gone, due):
        await world.worker.ring(item.id, "linked")
    await world.rows("UPDATE plaid_integrations SET status = 'disconnected' WHERE id = :id", id=gone.id)
    await world.rows(MANY, id=gone.id, count=MOST_WOKEN)
    await world.rows(WAIT, id=due.id, due=timedelta(0))
    assert await world.worker.sweep.once() == 1
    assert world.worker.events(SyncRequested)[-1].integration_id == due.id
