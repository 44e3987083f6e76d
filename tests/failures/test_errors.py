"""Errors of Plaid, and when it is asked again."""

from datetime import timedelta

import pytest

from tests.failures.scenes import standing, when_due
from tests.sync_worker.world import World


async def test_a_refusal_for_asking_too_often_is_not_answered_by_asking(world: World) -> None:
    """A 429 is tried again at once, or with every message, and the limit never frees itself."""
    item = await world.synced()
    await world.bank.fail_next(path="/transactions/sync", error_code="TRANSACTIONS_SYNC_LIMIT", retry_after=90)
    await world.worker.hear(item.item_id)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("active", "TRANSACTIONS_SYNC_LIMIT")
    assert timedelta(seconds=85) < row["due_in"] <= timedelta(seconds=90)
    assert await world.worker.sweep.once() == 0
    assert await standing(world, item) == ["history_complete"]
    await when_due(world, item)
    assert (await world.integration(item))["last_sync_error"] is None


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("INTERNAL_SERVER_ERROR", "/transactions/sync"),
        ("INVALID_API_KEYS", "/transactions/sync"),
        ("ITEM_LOGIN_REQUIRED", "/transactions/sync"),
        ("INSTITUTION_DOWN", "/accounts/get"),
    ],
)
async def test_an_item_in_error_is_not_forgotten_by_the_clock(world: World, code: str, path: str) -> None:
    """Only items that are well are visited by the clock; one that failed once waits for a webhook that never comes."""
    item = await world.synced()
    await world.bank.fail_next(path=path, error_code=code)
    await world.worker.hear(item.item_id)
    assert (await world.integration(item))["due_in"] <= timedelta(hours=6)
    [new] = await world.bank.add(item.item_id, amount=8)
    await when_due(world, item)
    row = await world.integration(item)
    assert (row["status"], row["last_sync_error"]) == ("active", None)
    assert new in await world.transactions(item)


async def test_trying_does_not_end_after_a_few_times(world: World) -> None:
    """After five failures in a row nobody tries any more, and the item is dead without anybody's knowledge."""
    item = await world.synced()
    [new] = await world.bank.add(item.item_id, amount=8)
    await world.bank.fail_next(path="/transactions/sync", error_code="INTERNAL_SERVER_ERROR", calls=12)
    await world.worker.hear(item.item_id)
    for _ in range(11):
        await when_due(world, item)
    row = await world.integration(item)
    assert row["failure_count"] == 12
    assert timedelta(minutes=20) < row["due_in"] <= timedelta(hours=1)
    await when_due(world, item)
    assert new in await world.transactions(item)
    assert (await world.integration(item))["failure_count"] == 0


async def test_a_sync_that_failed_does_not_say_that_it_succeeded(world: World) -> None:
    """The clock says success, nothing arrives, and there is no reason and no number to ask Plaid with."""
    item = await world.synced()
    before = await world.integration(item)
    await world.bank.fail_next(path="/transactions/sync", error_code="INSTITUTION_NOT_RESPONDING")
    await world.worker.hear(item.item_id)
    after, past = await world.integration(item), (await world.history(item))[-1]
    assert after["last_sync_at"] == before["last_sync_at"]
    assert after["processed_seq"] < after["requested_seq"]
    assert (past["success"], past["error_code"], past["transactions_added"]) == (
        False,
        "INSTITUTION_NOT_RESPONDING",
        0,
    )
    assert past["error_message"]
    assert past["error_request_id"] == after["last_sync_error_request_id"] is not None


async def test_an_answer_that_breaks_off_is_not_taken_for_an_empty_one(world: World) -> None:
    """A connection ends in the middle of a page, what was read counts as all, and the cursor moves on."""
    item = await world.synced()
    [new] = await world.bank.add(item.item_id, amount=8)
    cursor = (await world.integration(item))["cursor"]
    await world.bank.fail_next(path="/transactions/sync", cut=True, item_id=item.item_id)
    await world.worker.hear(item.item_id)
    assert (await world.integration(item))["cursor"] == cursor
    assert new not in await world.transactions(item)
    await when_due(world, item)
    assert await world.differences(item) == {}


async def test_a_bank_that_is_down_is_not_asked_for_each_of_its_users(world: World) -> None:
    """A bank fails for hours, and every login there goes on asking it, each with a pause of its own."""
    items = [await world.synced(days=1) for _ in range(5)]
    calls = world.worker.plaid.watch.calls["transactions_sync"]
    await world.bank.fail_next(path="/transactions/sync", error_code="INSTITUTION_DOWN", calls=None)
    for item in items:
        await world.worker.hear(item.item_id)
    assert world.worker.plaid.watch.calls["transactions_sync"] - calls == 3
    last = items[-1]
    assert (await world.integration(last))["due_in"] <= timedelta(minutes=2)
    assert "institution_down" in await standing(world, last)
