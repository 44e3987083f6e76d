"""What one transaction writes: events of exactly the changed rows, accounts, quarantine."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from time import perf_counter
from typing import Any

import pytest

from common.events import CHUNK, SyncProgress, TransactionsChanged
from sync_worker.fetch import TOLD_EVERY
from tests.sync_worker.world import World

Json = dict[str, Any]


async def test_events_name_every_new_row_once_in_chunks(world: World) -> None:
    """A long history is announced in events of at most 500 ids, each row once."""
    item = await world.link(days=730)
    await world.worker.ring(item.id, "linked")
    events = world.worker.events(TransactionsChanged)
    rows = await world.transactions(item)
    assert [len(event.transaction_ids) for event in events][:-1] == [CHUNK] * (len(rows) // CHUNK)
    assert sorted(world.worker.changed_ids()) == sorted(row["id"] for row in rows.values())


async def test_events_name_exactly_what_changed(world: World) -> None:
    """A new, a corrected and a withdrawn row are announced; nothing else is, and their latency counts from the bell."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    before = await world.transactions(item)
    edited, gone = sorted(before)[:2]
    world.worker.emitted.clear()
    [new] = await world.bank.add(item.item_id, amount=1)
    await world.bank.edit(item.item_id, edited, amount=2)
    await world.bank.withdraw(item.item_id, gone)
    about_now = datetime.now(UTC)
    await world.worker.hear(item.item_id)
    [event] = world.worker.events(TransactionsChanged)
    assert about_now <= event.rung_at < datetime.now(UTC)
    after = await world.transactions(item)
    assert sorted(event.transaction_ids) == sorted([after[new]["id"], before[edited]["id"], before[gone]["id"]])
    last = (await world.history(item))[-1]
    assert [last[f"transactions_{what}"] for what in ("added", "modified", "removed")] == [1, 1, 1]


@pytest.mark.parametrize("cursor", ["previous", "none"])
async def test_a_replayed_cursor_writes_nothing(world: World, cursor: str) -> None:
    """The same pages once more, the last ones or all of them, change no row and emit no event."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    first = (await world.integration(item))["cursor"]
    await world.bank.refresh(item.item_id)
    await world.worker.hear(item.item_id)
    rows = await world.rows("SELECT * FROM plaid_transactions ORDER BY id")
    world.worker.emitted.clear()
    replay = first if cursor == "previous" else None
    await world.rows("UPDATE plaid_integrations SET cursor = :cursor WHERE id = :id", cursor=replay, id=item.id)
    await world.worker.ring(item.id)
    assert await world.rows("SELECT * FROM plaid_transactions ORDER BY id") == rows
    assert world.worker.events(TransactionsChanged) == []
    last = (await world.history(item))[-1]
    assert [last[f"transactions_{what}"] for what in ("added", "modified", "removed")] == [0, 0, 0]


async def test_noise_is_no_news(world: World) -> None:
    """A `modified` that changes nothing writes nothing and is announced to nobody."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    rows = await world.rows("SELECT * FROM plaid_transactions ORDER BY id")
    world.worker.emitted.clear()
    resent: list[str] = []

    async def note(name: str, answer: Json) -> Json:
        resent.extend(row["transaction_id"] for row in answer.get("modified", ()))
        return answer

    world.worker.plaid.watch.after = note
    some = sorted(await world.bank.truth(item.item_id))[:5]
    for one in some:
        await world.bank.edit(item.item_id, one)
    await world.worker.hear(item.item_id)
    assert sorted(resent) == some
    assert await world.rows("SELECT * FROM plaid_transactions ORDER BY id") == rows
    assert world.worker.events(TransactionsChanged) == []


async def test_whoever_watches_hears_of_the_end(world: World) -> None:
    """While pages come the user hears how many, now and then, and at the end the stage; no promise before that."""
    item = await world.link()
    world.worker.plaid.watch.page_size = 10
    began = perf_counter()
    await world.worker.ring(item.id, "linked")
    took = perf_counter() - began
    *underway, done = world.worker.events(SyncProgress)
    assert [event.done for event in underway] == [False] * len(underway)
    said = [event.transactions for event in underway]
    assert (said[0], said) == (10, sorted(set(said)))
    assert len(said) <= 1 + took / TOLD_EVERY
    assert (done.done, done.stage) == (True, "HISTORICAL_UPDATE_COMPLETE")
    assert done.transactions == len(await world.transactions(item))
    hints = await world.rows("SELECT user_id, type FROM user_events WHERE type = 'sync.progress'")
    assert [(row["user_id"], row["type"]) for row in hints] == [(1, "sync.progress")] * (len(underway) + 1)


async def test_an_empty_delta_still_moves_balances(world: World) -> None:
    """A sync without news asks for the accounts: balances and their time move, to the last digit."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    before = await accounts(world)

    async def earn(name: str, answer: Json) -> Json:
        if name == "accounts_get":
            for account in answer["accounts"]:
                account["balances"]["current"] = Decimal("1234567.1234567")
        return answer

    world.worker.plaid.watch.after = earn
    await world.worker.ring(item.id)
    after = await accounts(world)
    assert {row["current_balance"] for row in after} == {Decimal("1234567.1234567")}
    assert all(new["balance_as_of"] > old["balance_as_of"] for old, new in zip(before, after, strict=True))
    assert (await world.integration(item))["last_sync_at"] is not None


async def test_news_of_one_account_keep_the_others(world: World) -> None:
    """A delta names one account: it moves, the others stay, in our rows and in `accounts_data`."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    before = {row["account_id"]: row for row in await accounts(world)}
    await world.bank.add(item.item_id, amount=100)
    await world.worker.hear(item.item_id)
    after = {row["account_id"]: row for row in await accounts(world)}
    moved = {one for one in after if after[one]["current_balance"] != before[one]["current_balance"]}
    assert len(before) == len(after) == 3
    assert len(moved) == 1
    data = {one["account_id"]: one for one in (await world.integration(item))["accounts_data"]}
    for account_id, row in after.items():
        assert Decimal(str(data[account_id]["balances"]["current"])) == row["current_balance"]


async def test_the_users_switch_is_the_users(world: World) -> None:
    """No sync touches `enabled`."""
    item = await world.link()
    await world.worker.ring(item.id, "linked")
    await world.rows("UPDATE plaid_accounts SET enabled = false")
    await world.bank.refresh(item.item_id)
    await world.worker.hear(item.item_id)
    await world.worker.ring(item.id)
    assert {row["enabled"] for row in await accounts(world)} == {False}


async def test_odd_accounts_stop_nothing(world: World) -> None:
    """Accounts without an id, without balances, with NUL in their name: what can be kept is, and the sync completes."""
    item = await world.link()

    async def spoil(name: str, answer: Json) -> Json:
        if answer["accounts"]:
            answer["accounts"][0] |= {"name": "A\0B", "balances": None, "subtype": "x" * 80, "mask": "123456789012"}
            answer["accounts"] += [{"name": "nobody's"}, answer["accounts"][1]]
        return answer

    world.worker.plaid.watch.after = spoil
    await world.worker.ring(item.id, "linked")
    assert await world.differences(item) == {}
    stored = await accounts(world)
    assert len(stored) == 3
    assert "A\ufffdB" in {row["name"] for row in stored}
    assert json.dumps((await world.integration(item))["accounts_data"])


async def accounts(world: World) -> Any:
    """Return the stored accounts."""
    return await world.rows("SELECT * FROM plaid_accounts ORDER BY account_id")
