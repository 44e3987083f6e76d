"""The cursor and the rows that it stands for."""

import pytest
from sqlalchemy.exc import DBAPIError

from categorizer.sweep import Sweep
from tests.failures.chain import Chain
from tests.failures.scenes import cursors, requests, stored
from tests.sync_worker.world import World

REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.name = 'REFUSED' THEN RAISE 'no such row here'; END IF; RETURN NEW; END $$
"""
TRIGGER = "CREATE TRIGGER refuse BEFORE INSERT ON plaid_transactions FOR EACH ROW EXECUTE FUNCTION refuse()"


async def test_rows_above_a_thousand_are_not_lost_while_the_cursor_moves(slow_world: World) -> None:
    """One update brings thousands of rows; the cursor moves on, and some of them were never stored."""
    item = await slow_world.link("user_business_3000", days=730)
    await slow_world.bank.advance(10)
    await slow_world.worker.ring(item.id, "linked")
    before = len(await slow_world.transactions(item))
    await slow_world.bank.advance(20)
    await slow_world.worker.hear(item.item_id)
    month, rest = await slow_world.history(item)
    assert month["transactions_added"] == before > 0
    assert rest["transactions_added"] == 3_000 - before > 2_000
    assert await slow_world.differences(item) == {}


async def test_the_cursor_does_not_move_past_rows_that_the_database_refused(world: World) -> None:
    """A row cannot be written, the error is swallowed, and the cursor is stored all the same."""
    item = await world.synced()
    before = (await world.integration(item))["cursor"]
    await world.rows(REFUSE)
    await world.rows(TRIGGER)
    await world.bank.add(item.item_id, amount=5)
    await world.bank.add(item.item_id, amount=6, name="REFUSED")
    rows = await stored(world, item)
    with pytest.raises(DBAPIError, match="no such row here"):
        await world.worker.hear(item.item_id)
    assert (await world.integration(item))["cursor"] == before
    assert await stored(world, item) == rows
    await world.rows("DROP TRIGGER refuse ON plaid_transactions")
    await world.worker.ring(item.id)
    assert await world.differences(item) == {}


async def test_an_update_that_nobody_processed_is_not_overwritten_by_the_next(chain: Chain) -> None:
    """An update is kept as one snapshot; what comes next replaces it before anybody made expenses of it."""
    world, item = chain.world, await chain.link()
    [first] = await world.bank.add(item.item_id, amount=41, category="FOOD_AND_DRINK_FAST_FOOD")
    await world.worker.hear(item.item_id)
    world.worker.emitted.clear()  # the message is lost
    [second] = await world.bank.add(item.item_id, amount=42, category="FOOD_AND_DRINK_FAST_FOOD")
    await chain.sync(item)
    assert [one["plaids_id"] for one in await chain.expenses(item) if one["amount"] in (41, 42)] == [second]
    await world.rows("UPDATE plaid_transactions SET updated_at = now() - interval '1 minute'")
    await Sweep(world.worker.database).once()
    await chain.settle()
    assert {one["plaids_id"] for one in await chain.expenses(item) if one["amount"] in (41, 42)} == {first, second}


async def test_a_back_dated_transaction_is_not_missed(world: World) -> None:
    """A bank books something weeks later under an old date, and whoever asks by date never sees it."""
    item = await world.synced()
    [late] = await world.bank.add(item.item_id, amount=7, date="2026-01-05")
    await world.worker.hear(item.item_id)
    assert (await world.transactions(item))[late]["date"].isoformat() == "2026-01-05"
    assert await world.differences(item) == {}


async def test_a_sync_that_failed_midway_does_not_go_on_from_the_middle(world: World) -> None:
    """The cursor of a page in the middle is kept, and asked with again and again though it is worth nothing."""
    item = await world.synced()
    begun = (await world.integration(item))["cursor"]
    for amount in range(1, 7):
        await world.bank.add(item.item_id, amount=amount)
    world.worker.plaid.watch.page_size = 2
    await world.bank.fail_next(path="/transactions/sync", error_code="INTERNAL_SERVER_ERROR", after=2)
    seen = requests(world)
    await world.worker.hear(item.item_id)
    assert (await world.integration(item))["cursor"] == begun
    await world.worker.ring(item.id)
    asked = cursors(seen)
    assert asked[0] == asked[3] == begun
    assert begun not in asked[1:3]
    assert await world.differences(item) == {}


async def test_the_end_of_the_history_does_not_read_everything_once_more(slow_world: World) -> None:
    """Each stage of the first import reads all from the beginning again, as often as webhooks tell of it."""
    item = await slow_world.link(days=60)
    await slow_world.bank.advance(10)
    await slow_world.worker.ring(item.id, "linked")
    await slow_world.bank.advance(20)
    seen = requests(slow_world)
    for code in ("INITIAL_UPDATE", "HISTORICAL_UPDATE", "SYNC_UPDATES_AVAILABLE", "TRANSACTIONS_REMOVED"):
        await slow_world.worker.hear(item.item_id, code)
    assert all(cursors(seen))
    added = sum(one["transactions_added"] for one in await slow_world.history(item))
    assert added == len(await slow_world.transactions(item)) > 0
    assert await slow_world.differences(item) == {}
