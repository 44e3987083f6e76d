"""A reading from the beginning: it says everything, so what it does not name is gone."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import RowMapping

from sync_worker.store import audits
from tests.sync_worker.crashes import crashing_everywhere, state, time_passes
from tests.sync_worker.faults import Gate
from tests.sync_worker.spoiling import quarantined, with_one_spoiled
from tests.sync_worker.world import Linked, World

Json = dict[str, Any]

ROWS = "SELECT * FROM plaid_transactions WHERE integration_id = :id ORDER BY id"
OF_ACCOUNT = "SELECT id, sync_status, version FROM plaid_transactions WHERE account_id = :id ORDER BY id"


async def much_happens(world: World, item: Linked) -> set[str]:
    """Add one, correct one, take back two, resend one unchanged; return the ids whose rows must change."""
    edited, resent, *gone = sorted(await world.bank.truth(item.item_id))[:4]
    [new] = await world.bank.add(item.item_id, amount="7.1234567")
    await world.bank.edit(item.item_id, edited, amount=8)
    await world.bank.edit(item.item_id, resent)
    await world.bank.withdraw(item.item_id, *gone)
    return {new, edited, *gone}


async def begin_again(world: World, item: Linked) -> None:
    """Order a reading from the beginning, as healing does."""
    async with world.worker.database.transaction() as session:
        assert await audits.begin_again(session, item.id)


async def assert_caught_up(world: World, item: Linked, changed: set[str]) -> None:
    """One sync, historical, of exactly these changes, each announced once; and our rows are the bank's truth."""
    assert await world.differences(item) == {}
    last = (await world.history(item))[-1]
    assert (last["sync_type"], last["success"]) == ("historical", True)
    assert [last[f"transactions_{what}"] for what in ("added", "modified", "removed")] == [1, 1, 2]
    ids = {row["transaction_id"]: row["id"] for row in await world.rows(ROWS, id=item.id)}
    assert sorted(world.worker.changed_ids()) == sorted(ids[one] for one in changed)


async def test_a_refused_cursor_loses_nothing_of_the_gap(world: World) -> None:
    """What came, changed and was taken back since is found in one sync, and nothing else is touched."""
    item = await world.caught_up()
    changed = await much_happens(world, item)
    await world.bank.refuse_cursors(item.item_id)
    await world.worker.hear(item.item_id)
    assert len(await world.history(item)) == 2
    await assert_caught_up(world, item, changed)
    assert (await world.integration(item))["failure_count"] == 0


async def test_a_cursor_that_is_gone_begins_again(world: World) -> None:
    """Healing takes the cursor away; the next sync reads everything and mends what was lost here."""
    item = await world.caught_up()
    changed = await much_happens(world, item)
    await begin_again(world, item)
    await world.worker.ring(item.id, "audit")
    await assert_caught_up(world, item, changed)


async def test_a_sync_in_flight_does_not_undo_a_new_beginning(world: World) -> None:
    """Its commit must not stand, or the cursor that was taken away would be back; the reading follows."""
    item = await world.caught_up()
    changed = await much_happens(world, item)
    rows = await world.rows(ROWS, id=item.id)
    world.worker.plaid.watch.before = gate = Gate()
    syncing = asyncio.create_task(world.worker.hear(item.item_id))
    await gate.reached.wait()
    await begin_again(world, item)
    gate.opened.set()
    await syncing
    row = await world.integration(item)
    assert (row["cursor"], row["lease_token"]) == (None, None)
    assert row["processed_seq"] < row["requested_seq"]
    assert row["due_in"].total_seconds() <= 30
    assert await world.rows(ROWS, id=item.id) == rows
    await world.worker.ring(item.id, "audit")
    await assert_caught_up(world, item, changed)


async def test_a_good_cursor_is_always_used(world: World) -> None:
    """News, an empty delta, a mutation between pages, a failure: no sync after the first begins without a cursor."""
    item = await world.caught_up()
    asked: list[str | None] = []

    async def note(name: str, request: Json) -> None:
        if name == "transactions_sync":
            asked.append(request.get("cursor"))

    world.worker.plaid.watch.before = note
    world.worker.plaid.watch.page_size = 2
    began = (await world.integration(item))["cursor"]
    await much_happens(world, item)
    await world.bank.mutate_between_pages(item.item_id, times=2)
    await world.worker.hear(item.item_id)
    assert asked.count(began) == 3
    await world.bank.fail_next(path="/transactions/sync", error_code="INTERNAL_SERVER_ERROR")
    for _ in range(3):
        await world.worker.ring(item.id)
    assert None not in asked
    assert await world.differences(item) == {}


async def test_nothing_is_gone_while_history_is_incomplete(slow_world: World) -> None:
    """What a reading of the first month does not name may come with the rest: it stays, unannounced."""
    world = slow_world
    item = await world.link()
    await world.bank.advance(10)
    await world.worker.ring(item.id, "linked")
    assert (await world.integration(item))["transactions_update_status"] == "INITIAL_UPDATE_COMPLETE"
    world.worker.emitted.clear()
    await world.bank.withdraw(item.item_id, gone := min(await world.transactions(item)))
    await world.bank.refuse_cursors(item.item_id)
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {gone: "extra"}
    assert world.worker.changed_ids() == []
    assert (await world.history(item))[-1]["sync_type"] == "initial"


async def test_what_waits_in_quarantine_and_is_not_named_is_over(world: World) -> None:
    """A reading ends the quarantine of what was taken back, and keeps what it names as unusable as before."""
    item, gone = await with_one_spoiled(world, amount=None)
    still = max(await world.transactions(item))
    before = (await world.transactions(item))[still]
    await world.bank.control(item.item_id, "transactions/odd", transaction_id=still, fields={"amount": None})
    await world.bank.withdraw(item.item_id, gone)
    await world.bank.refuse_cursors(item.item_id)
    await world.worker.hear(item.item_id)
    assert [row["transaction_id"] for row in await quarantined(world)] == [still]
    assert (await world.transactions(item))[still] == before


async def an_account_closes(world: World, item: Linked) -> tuple[int, list[RowMapping]]:
    """Close the account with the most rows; return our id of it, and the rows."""
    sql = """SELECT a.id, a.account_id FROM plaid_accounts a JOIN plaid_transactions t ON t.account_id = a.id
        WHERE a.integration_id = :id GROUP BY a.id ORDER BY count(*) DESC LIMIT 1"""
    [account] = await world.rows(sql, id=item.id)
    await world.bank.close_account(item.item_id, account["account_id"])
    return account["id"], await world.rows(OF_ACCOUNT, id=account["id"])


async def test_a_closed_account_keeps_its_rows(world: World) -> None:
    """No reading names them ever again, and they stay: also when account and cursor went at once."""
    item = await world.caught_up()
    account, rows = await an_account_closes(world, item)
    for _ in range(2):
        await world.bank.refuse_cursors(item.item_id)
        await world.worker.hear(item.item_id)
        assert await world.rows(OF_ACCOUNT, id=account) == rows
    assert world.worker.changed_ids() == []


async def test_what_waits_of_a_closed_account_goes_on_waiting(world: World) -> None:
    """A whole reading names nothing of a closed account: a quarantined transaction of it is not gone for that."""
    item = await world.caught_up()
    account = await world.bank.open_account(item.item_id)
    await world.worker.hear(item.item_id)
    waits = (
        "INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason) VALUES (:id, :of, :raw, '')"
    )
    for of, named in (("a closed account's", account), ("an open one's", "")):
        await world.rows(waits, id=item.id, of=of, raw=json.dumps({"transaction_id": of, "account_id": named}))
    await world.bank.close_account(item.item_id, account)
    await world.bank.refuse_cursors(item.item_id)
    await world.worker.hear(item.item_id)
    left = await world.rows("SELECT transaction_id FROM quarantined_transactions WHERE resolved_at IS NULL")
    assert [row["transaction_id"] for row in left] == ["a closed account's"]


async def test_a_whole_reading_needs_the_list_of_accounts(world: World) -> None:
    """Without it nobody knows which rows are gone and which are a closed account's: nothing is kept, it is tried again.

    The next one knows both.
    """
    item = await world.caught_up()
    account, rows = await an_account_closes(world, item)
    gone = (await world.bank.truth(item.item_id)).popitem()[0]
    await world.bank.withdraw(item.item_id, gone)
    await world.bank.refuse_cursors(item.item_id)
    before = await state(world, item)
    await world.bank.fail_next(path="/accounts/get", error_code="INTERNAL_SERVER_ERROR", calls=2)
    await world.worker.hear(item.item_id)
    assert await state(world, item) == before
    assert (await world.integration(item))["last_sync_error"] == "INTERNAL_SERVER_ERROR"
    await world.worker.ring(item.id)
    assert await world.rows(OF_ACCOUNT, id=account) == rows
    assert gone not in await world.transactions(item)


REFUSALS: list[Callable[[World, Linked], Awaitable[None]]] = [
    begin_again,
    lambda world, item: world.bank.refuse_cursors(item.item_id),
]


async def test_a_crash_anywhere_leaves_all_or_nothing(world: World) -> None:
    """Whichever step of a whole reading kills its worker: it is whole or has left no trace, and then converges."""
    item = await world.caught_up(days=10)
    world.worker.plaid.watch.page_size = 15
    steps = committed = 0
    async for whole in crashing_everywhere(world, item, "die", lambda fail_at: REFUSALS[fail_at % 2](world, item)):
        steps, committed = steps + 1, committed + whole
        await time_passes(world, item)
        assert await world.differences(item) == {}
    assert 1 <= committed < steps - 15
