"""Rows in a form that nobody expected."""

import json
from typing import Any

from tests.failures.chain import Chain
from tests.failures.scenes import Json, accounts, when_due
from tests.sync_worker.world import Linked, World

WAITING = "SELECT transaction_id, attempts FROM quarantined_transactions WHERE resolved_at IS NULL"
NULLS: Json = dict.fromkeys(
    ("personal_finance_category", "location", "payment_meta", "counterparties", "merchant_name", "payment_channel")
)
TOMORROW: Json = {
    "payment_channel": "by drone",
    "transaction_code": "a code of tomorrow",
    "personal_finance_category": {
        "primary": "SPACE_TRAVEL",
        "detailed": "SPACE_TRAVEL_MOON",
        "confidence_level": "QUITE",
        "version": "v3",
    },
    "counterparties": [{"type": "a robot", "name": "R2", "confidence_level": "QUITE"}],
    "a_field_of_tomorrow": {"deep": [1, None]},
}


async def sent(chain: Chain, item: Linked, fields: Json) -> str:
    """Let a purchase arrive with these fields, and another after it; return the first one's id."""
    [one] = await chain.world.bank.add(item.item_id, amount=5)
    await chain.world.bank.control(item.item_id, "transactions/odd", transaction_id=one, fields=fields)
    [plain] = await chain.world.bank.add(item.item_id, amount=6)
    await chain.sync(item)
    assert plain in await chain.world.transactions(item)
    return one


async def test_a_category_of_null_does_not_stop_everything(chain: Chain) -> None:
    """One transaction without a category fails the page, and with it every later sync of this bank for good."""
    item = await chain.link(days=1)
    one = await sent(chain, item, NULLS)
    assert (await chain.world.transactions(item))[one]["amount"] == 5
    assert len(await chain.expenses(item, plaids_id=one)) == 1
    assert (await chain.world.integration(item))["last_sync_error"] is None


async def test_a_code_of_tomorrow_does_not_crash_the_sync(chain: Chain) -> None:
    """Plaid adds a value to one of its lists, the library knows it not, and no bank syncs until an upgrade."""
    item = await chain.link(days=1)
    one = await sent(chain, item, TOMORROW)
    assert (await chain.world.transactions(item))[one]["category"] == "SPACE_TRAVEL_MOON"
    [expense] = await chain.expenses(item, plaids_id=one)
    assert (expense["auto_category"], expense["needs_review"]) == ("materials", False)  # by its text


async def test_a_bad_row_neither_stops_the_rest_nor_is_thrown_away(chain: Chain) -> None:
    """A row that cannot be read fails all that came with it, or is skipped and never heard of again."""
    world, item = chain.world, await chain.link(days=1)
    bad: list[Json] = [{"amount": None}, {"date": "yesterday"}, {"transaction_id": None}]
    ids = [await sent(chain, item, fields) for fields in bad]
    waiting = await world.rows("SELECT * FROM quarantined_transactions WHERE resolved_at IS NULL ORDER BY id")
    assert len(waiting) == 3
    assert all(row["reason"] and json.loads(row["raw"])["name"] for row in waiting)
    assert [row["transaction_id"] for row in waiting[:2]] == ids[:2]
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("active", None)


async def test_a_bad_row_is_not_skipped_for_ever(world: World) -> None:
    """What could not be stored is reported once; when its reason is over, nobody tries it again."""
    item = await world.synced(days=1)
    opened = await world.bank.open_account(item.item_id)
    [early] = await world.bank.add(item.item_id, amount=9, account_id=opened)

    async def hide(_name: str, answer: Json) -> Json:
        answer["accounts"] = [one for one in answer.get("accounts", ()) if one["account_id"] != opened]
        return answer

    world.worker.plaid.watch.after = hide
    await world.worker.hear(item.item_id)
    assert [row["transaction_id"] for row in await world.rows(WAITING)] == [early]
    world.worker.plaid.watch.after = None
    await world.rows("UPDATE quarantined_transactions SET next_retry_at = now()")
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now() + interval '5 hours'")
    assert await world.worker.sweep.once() == 1
    await when_due(world, item)
    assert early in await world.transactions(item)
    assert opened in await accounts(world, item)
    assert await world.rows(WAITING) == []


async def test_a_bad_row_is_not_tried_as_fast_as_it_fails(world: World) -> None:
    """A row that nothing can help is read again with every sync, or wakes its item again and again."""
    item = await world.synced(days=1)
    [one] = await world.bank.add(item.item_id, amount=9)
    await world.bank.control(item.item_id, "transactions/odd", transaction_id=one, fields={"amount": "much"})
    await world.worker.hear(item.item_id)
    pauses: list[Any] = []
    for _ in range(3):
        [row] = await world.rows("SELECT next_retry_at - now() AS pause, attempts FROM quarantined_transactions")
        pauses.append((row["attempts"], round(row["pause"].total_seconds() / 3600)))
        await world.worker.ring(item.id)
        assert (await world.rows(WAITING))[0]["attempts"] == row["attempts"]
        await world.rows("UPDATE quarantined_transactions SET next_retry_at = now()")
        await world.worker.ring(item.id)
    assert pauses == [(1, 1), (2, 2), (3, 4)]
