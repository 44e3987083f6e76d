"""Updates of many pages, and data that moves between them."""

import pytest
from sqlalchemy import event

from sync_worker import loop
from tests.failures.scenes import Json, cursors, requests, stored
from tests.sync_worker.world import Linked, World


async def in_small_pages(world: World, size: int = 2, order: str = "log") -> Linked:
    """Link, sync, and let later updates come in small pages."""
    item = await world.synced()
    await world.bank.control(item.item_id, "pages", size=size, order=order)
    return item


async def test_half_of_an_update_that_moved_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data moves between two pages for good, and the pages that were read until then are stored without the rest."""
    monkeypatch.setattr(loop, "random", lambda: 0)
    item = await in_small_pages(world)
    before, cursor = await stored(world, item), (await world.integration(item))["cursor"]
    for amount in range(1, 6):
        await world.bank.add(item.item_id, amount=amount)
    await world.bank.mutate_between_pages(item.item_id, 1000)
    await world.worker.hear(item.item_id)
    row = await world.integration(item)
    assert (row["cursor"], row["last_sync_error"]) == (cursor, loop.MUTATION)
    assert await stored(world, item) == before
    await world.bank.mutate_between_pages(item.item_id, 0)
    await world.worker.ring(item.id)
    assert await world.differences(item) == {}


async def test_data_that_never_rests_is_not_asked_for_without_a_pause(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update that moves is begun again for ever, as fast as Plaid answers."""
    monkeypatch.setattr(loop, "random", lambda: 0)
    item = await in_small_pages(world, size=1)
    for amount in (1, 2):
        await world.bank.add(item.item_id, amount=amount)
    await world.bank.mutate_between_pages(item.item_id, 1000)
    calls = world.worker.plaid.watch.calls["transactions_sync"]
    await world.worker.hear(item.item_id)
    assert world.worker.plaid.watch.calls["transactions_sync"] - calls <= 2 * (loop.MOST_RESTARTS + 1)
    row = await world.integration(item)
    assert row["lease_token"] is None
    assert 4 < row["due_in"].total_seconds() <= 10


async def test_a_removal_is_not_lost_when_data_moves_between_pages(world: World) -> None:
    """After data moved the update is begun without a cursor: whatever was removed since the last one stays for ever."""
    item = await in_small_pages(world)
    gone = sorted(await world.transactions(item))[:5]
    await world.bank.withdraw(item.item_id, *gone)
    await world.bank.mutate_between_pages(item.item_id, 2)
    seen = requests(world)
    await world.worker.hear(item.item_id)
    assert (await world.history(item))[-1]["restarts"] == 2
    assert all(cursors(seen))
    assert set(gone).isdisjoint(await world.transactions(item))
    assert await world.differences(item) == {}


async def test_an_update_of_many_pages_is_not_cut_off(world: World) -> None:
    """After ten pages, or twenty, the reader stops, and nothing reminds it of the rest."""
    item = await world.link(days=60)
    await world.bank.control(item.item_id, "pages", size=4, order="log")
    await world.worker.ring(item.id, "linked")
    assert (await world.history(item))[0]["pages"] > 25
    assert await world.differences(item) == {}


async def test_no_transaction_is_open_while_plaid_is_asked(world: World) -> None:
    """Rows stay locked and a connection is taken for as long as Plaid takes to answer: minutes, on a bad day."""
    item, connections = await in_small_pages(world), world.worker.database._engine.pool
    for amount in range(1, 6):
        await world.bank.add(item.item_id, amount=amount)
    seen: dict[str, int] = {}

    async def look(name: str, _ask: Json) -> None:
        seen[name] = seen.get(name, 0) + connections.checkedout()  # type: ignore[attr-defined]

    world.worker.plaid.watch.before = look
    await world.worker.hear(item.item_id, "ERROR", "ITEM")
    await world.rows("UPDATE plaid_integrations SET status = 'removing', is_active = false")
    await world.worker.removal.run(item.id)
    assert seen == {"transactions_sync": 0, "accounts_get": 0, "item_get": 0, "item_remove": 0}


async def test_statements_do_not_grow_with_the_rows(world: World) -> None:
    """Each transaction costs a statement or two of its own, and a first import takes minutes."""
    statements: list[str] = []
    engine = world.worker.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement))
    counts = []
    for days in (5, 90):
        item = await world.synced(days=days)
        counts.append((len(await world.bank.truth(item.item_id)), len(statements)))
        statements.clear()
    (few, cheap), (many, costly) = counts
    assert many > 8 * few
    assert costly <= cheap + 5
