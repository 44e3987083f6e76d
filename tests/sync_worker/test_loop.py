"""The page loop: all pages or none."""

from typing import Any

import pytest
from pydantic import SecretStr

from common.plaid import RetryLater
from sync_worker import loop
from tests.sync_worker.world import World

Json = dict[str, Any]


async def test_data_that_moves_restarts_from_the_first_cursor(world: World) -> None:
    """A change between pages throws all pages away and begins again where the loop began; the end is the truth."""
    item = await world.link()
    world.worker.plaid.watch.page_size = 20
    await world.worker.ring(item.id, "linked")
    await world.bank.refresh(item.item_id)
    first_cursor = (await world.integration(item))["cursor"]
    cursors: list[str] = []

    async def note(name: str, request: Json) -> None:
        if name == "transactions_sync":
            cursors.append(request["cursor"])

    world.worker.plaid.watch.before = note
    await world.bank.mutate_between_pages(item.item_id, 2)
    await world.worker.hear(item.item_id)
    assert cursors.count(first_cursor) == 3
    assert await world.differences(item) == {}
    assert (await world.history(item))[-1]["restarts"] == 2


async def test_the_very_first_loop_restarts_from_the_beginning(world: World) -> None:
    """Without a cursor yet, the restart has none either."""
    item = await world.link()
    world.worker.plaid.watch.page_size = 20
    await world.bank.mutate_between_pages(item.item_id, 1)
    await world.worker.ring(item.id, "linked")
    assert await world.differences(item) == {}
    assert [row["restarts"] for row in await world.history(item)] == [1]


async def test_restarts_are_bounded(world: World) -> None:
    """Data that never rests fails the loop after five restarts, and nothing of it is kept."""
    item = await world.link()
    world.worker.plaid.watch.page_size = 20
    await world.bank.mutate_between_pages(item.item_id, 1000)
    with pytest.raises(RetryLater) as failed:
        await loop.complete(world.worker.plaid, SecretStr(item.access_token), None, ignore)
    assert failed.value.code == loop.MUTATION
    assert world.worker.plaid.watch.calls["transactions_sync"] == 2 * (loop.MOST_RESTARTS + 1)


async def test_any_other_failure_ends_the_loop(world: World) -> None:
    """A page that cannot be had is no reason to begin again at once: the item backs off as a whole."""
    item = await world.link()
    world.worker.plaid.watch.page_size = 20

    async def fail_later_pages(_name: str, request: Json) -> None:
        if request.get("cursor"):
            await world.bank.fail_next(error_code="INTERNAL_SERVER_ERROR", item_id=item.item_id)

    world.worker.plaid.watch.before = fail_later_pages
    with pytest.raises(RetryLater):
        await loop.complete(world.worker.plaid, SecretStr(item.access_token), None, ignore)
    assert world.worker.plaid.watch.calls["transactions_sync"] == 2


async def test_progress_is_told_page_by_page(world: World) -> None:
    """Whoever watches hears of every page but the last, which the commit announces."""
    item = await world.link()
    world.worker.plaid.watch.page_size = 20
    seen: list[int] = []

    async def on_page(pages: Any) -> None:
        seen.append(sum(len(page.ids) for page in pages))

    done = await loop.complete(world.worker.plaid, SecretStr(item.access_token), None, on_page)
    assert seen == list(range(20, 20 * len(done.pages), 20))
    assert sum(len(page.ids) for page in done.pages) == len(await world.bank.truth(item.item_id))


async def test_pages_without_end_end(world: World) -> None:
    """A next page that we had, or none, though more is promised: the loop fails, it does not run for ever."""
    item = await world.link()
    first = None

    async def turn_back(name: str, answer: Json) -> Json:
        nonlocal first
        first = first or answer["next_cursor"]
        return answer | {"has_more": True, "next_cursor": first}

    world.worker.plaid.watch.after = turn_back
    with pytest.raises(RetryLater) as failed:
        await loop.complete(world.worker.plaid, SecretStr(item.access_token), None, ignore)
    assert failed.value.code == "PAGES_WITHOUT_END"
    assert world.worker.plaid.watch.calls["transactions_sync"] == 2


async def ignore(_pages: Any) -> None:
    """Watch nothing."""
