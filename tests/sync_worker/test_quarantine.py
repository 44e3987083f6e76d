"""What cannot be used waits in quarantine, and the rest commits."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import RowMapping

from tests.sync_worker.world import Linked, World

Json = dict[str, Any]
SPOILED = [
    {"amount": None},
    {"amount": "1e999999"},
    {"date": "yesterday"},
    {"name": "\ud800"},
    {"iso_currency_code": "USD", "unofficial_currency_code": "USDT"},
    {"payment_channel": "x" * 51},
    {"account_id": "nobody's"},
]


def spoiling(changes: Json) -> tuple[Callable[..., Any], list[str]]:
    """Return a hook that spoils the first transaction it sees, and the list where it notes which."""
    spoiled: list[str] = []

    async def spoil(name: str, answer: Json) -> Json:
        if name == "transactions_sync" and answer["added"] and not spoiled:
            spoiled.append(answer["added"][0]["transaction_id"])
            answer["added"][0] |= changes
        return answer

    return spoil, spoiled


async def quarantined(world: World) -> list[RowMapping]:
    """Return what waits."""
    return await world.rows("SELECT * FROM quarantined_transactions WHERE resolved_at IS NULL")


async def with_one_spoiled(world: World, changes: Json) -> tuple[Linked, str]:
    """Link and sync, with one transaction spoiled on its way; return its id."""
    item = await world.link()
    world.worker.plaid.watch.after, spoiled = spoiling(changes)
    await world.worker.ring(item.id, "linked")
    return item, spoiled[0]


@pytest.mark.parametrize("changes", SPOILED, ids=str)
async def test_one_unusable_transaction_waits_and_the_rest_commits(world: World, changes: Json) -> None:
    """It keeps its raw text and the reason, the history counts what was written, the cursor moves on."""
    item, spoiled = await with_one_spoiled(world, changes)
    assert await world.differences(item) == {spoiled: "missing"}
    [waiting] = await quarantined(world)
    assert waiting["transaction_id"] == spoiled
    assert json.loads(waiting["raw"])["transaction_id"] == spoiled
    assert waiting["reason"]
    assert (await world.history(item))[0]["transactions_added"] == len(await world.transactions(item))
    assert (await world.integration(item))["cursor"]


async def test_it_heals_when_it_arrives_whole(world: World) -> None:
    """The next time Plaid sends it readable, it becomes a row and its quarantine ends."""
    item, spoiled = await with_one_spoiled(world, {"amount": None})
    await world.bank.edit(item.item_id, spoiled, name="WHOLE AGAIN")
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}
    assert await quarantined(world) == []


async def test_it_ends_when_the_bank_takes_it_back(world: World) -> None:
    """A removal leaves nothing to replay."""
    item, spoiled = await with_one_spoiled(world, {"amount": None})
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
