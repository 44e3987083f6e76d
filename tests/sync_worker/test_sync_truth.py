"""Rows equal the bank's truth, after the first sync and after any history."""

from random import Random

import pytest

from tests.sync_worker.bank import Bank
from tests.sync_worker.world import Linked, World


@pytest.mark.parametrize("username", ["user_good", "user_household", "user_transactions_dynamic"])
async def test_the_first_sync_brings_everything(world: World, username: str) -> None:
    """After the first sync our rows are the bank's: exact amounts, yen, coins, and values that no enum has yet."""
    item = await world.link(username, days=730)
    await world.worker.ring(item.id, "linked")
    assert await world.differences(item) == {}
    assert len(await world.transactions(item)) > 500


async def test_a_long_history_comes_whole(world: World) -> None:
    """Twenty thousand transactions, forty pages, one commit: all there, exact, each announced once."""
    item = await world.link("user_business", days=730)
    await world.worker.ring(item.id, "linked")
    assert await world.differences(item) == {}
    assert len(set(world.worker.changed_ids())) == len(world.worker.changed_ids()) == 20_000
    [only] = await world.history(item)
    assert (only["pages"], only["transactions_added"]) == (40, 20_000)


async def test_every_kind_of_money_was_there(world: World) -> None:
    """The test users prove what they are for: yen, a currency without ISO code, amounts of seven decimals."""
    for username in ("user_household", "user_transactions_dynamic"):
        await world.worker.ring((await world.link(username, days=730)).id, "linked")
    rows = await world.rows("SELECT DISTINCT iso_currency_code, unofficial_currency_code FROM plaid_transactions")
    assert {tuple(row.values()) for row in rows} == {("USD", None), ("JPY", None), (None, "USDT")}
    places = await world.rows("SELECT max(scale(amount)) AS most FROM plaid_transactions")
    assert places[0]["most"] == 7


async def live(bank: Bank, item: Linked, dice: Random) -> None:
    """Let one thing happen at the bank."""
    standing = sorted(await bank.truth(item.item_id))
    one = dice.choice(standing)
    match dice.randrange(8):
        case 0:
            await bank.add(item.item_id, amount=dice.randrange(-500_000, 500_000) / 1000, pending=dice.random() < 0.5)
        case 1:
            await bank.add(item.item_id)
        case 2:
            await bank.edit(item.item_id, one, amount=dice.randrange(1, 10**9) / 10**7)
        case 3:
            await bank.edit(item.item_id, one, name=f"RENAMED {dice.random()}")
        case 4:
            await bank.edit(item.item_id, one, date=f"2026-0{dice.randrange(1, 10)}-15")
        case 5:
            await bank.edit(item.item_id, one)
        case 6:
            await bank.withdraw(item.item_id, *dice.sample(standing, dice.randrange(1, 4)))
        case _:
            await bank.refresh(item.item_id)


@pytest.mark.parametrize("seed", range(2))
async def test_any_history_ends_at_the_truth(world: World, seed: int) -> None:
    """New, corrected, resent, withdrawn, posted: whatever happened between syncs, the last one leaves the truth.

    Events name exactly the rows that have a new version, so that whoever follows them is never behind.
    """
    dice = Random(seed)  # noqa: S311 - a play
    item = await world.link("user_transactions_dynamic", days=60)
    for _ in range(50):
        await live(world.bank, item, dice)
        if dice.random() < 0.4:
            world.worker.plaid.watch.page_size = dice.choice([3, 7, 40, 500])
            await world.worker.hear(item.item_id)
            assert await world.differences(item) == {}
    await world.worker.hear(item.item_id)
    assert await world.differences(item) == {}
    versions = await world.rows("SELECT id, version FROM plaid_transactions")
    announced = world.worker.changed_ids()
    assert {row["id"]: row["version"] for row in versions} == {i: announced.count(i) for i in set(announced)}


async def test_no_cursor_before_history_is_ready(slow_world: World) -> None:
    """NOT_READY stores no cursor and asks again soon; the next sync is from the beginning, and complete."""
    item = await slow_world.link()
    await slow_world.worker.ring(item.id, "linked")
    row = await slow_world.integration(item)
    assert (row["cursor"], row["transactions_update_status"]) == (None, "NOT_READY")
    assert row["processed_seq"] == row["requested_seq"]
    assert 0 < row["due_in"].total_seconds() <= 10

    await slow_world.bank.advance(10)
    await slow_world.worker.hear(item.item_id)
    assert await slow_world.differences(item) == {}
    assert (await slow_world.integration(item))["cursor"]


async def test_history_comes_in_stages(slow_world: World) -> None:
    """First 30 days, then all of it: each stage is on record, polled for until the last, silent afterwards."""
    item = await slow_world.link(days=730)
    seen = []
    for seconds in (0, 10, 10, 0):
        await slow_world.bank.advance(seconds)
        await slow_world.worker.ring(item.id, "sweep" if seconds else "linked")
        row = await slow_world.integration(item)
        seen.append((row["transactions_update_status"], row["due_in"].total_seconds() > 600))
    assert [stage for stage, _ in seen] == [
        "NOT_READY",
        "INITIAL_UPDATE_COMPLETE",
        "HISTORICAL_UPDATE_COMPLETE",
        "HISTORICAL_UPDATE_COMPLETE",
    ]
    assert [quiet for _, quiet in seen] == [False, False, True, True]
    history = await slow_world.history(item)
    assert [row["sync_type"] for row in history] == ["initial", "initial", "historical", "update"]
    oldest = min(row["date"] for row in (await slow_world.transactions(item)).values())
    assert (await slow_world.integration(item))["history_from"] == oldest
