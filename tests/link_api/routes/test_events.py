import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette

from common.events import ExpensesChanged, StatusChanged
from common.outbox import emit
from tests.link_api.ledger import ledger
from tests.link_api.listener import listening
from tests.link_api.world import World, world


def changed(*ids: int, user_id: int = 1) -> ExpensesChanged:
    return ExpensesChanged(user_id=user_id, expense_ids=list(ids))


async def test_an_event_arrives_while_one_listens(live: World) -> None:
    """A committed event reaches its user's browser at once, under its type, with its body."""
    async with listening(live) as listener:
        await live.emit(changed(7, 8))
        heard = await listener.next()
    assert (heard.type, heard.data) == ("expenses.changed", {"version": 1, "user_id": 1, "expense_ids": [7, 8]})
    assert heard.id.isdigit()


async def test_a_disconnect_is_heard_by_the_users_other_windows(live: World) -> None:
    """What a route emits goes the same way."""
    book = await ledger(live)
    async with listening(live) as listener:
        await live.delete(f"/api/plaid/integrations/{book.integration_id}")
        heard = await listener.next()
    assert (heard.type, heard.data["status"]) == ("item.status_changed", "removing")


async def test_nobody_hears_another_users_events(live: World) -> None:
    """A stream carries its own user's events and no other's, live and resumed."""
    async with listening(live, 1) as one, listening(live, 2) as two:
        await live.emit(changed(1, user_id=1))
        await live.emit(changed(2, user_id=2))
        await live.emit(changed(3, user_id=1))
        first = await one.next()
        assert (await one.next()).data["expense_ids"] == [3]
        assert (await two.next()).data["expense_ids"] == [2]
    async with listening(live, 1, last_event_id=first.id) as one:
        assert (await one.next()).data["expense_ids"] == [3]


async def test_a_stream_begins_now(live: World) -> None:
    """Without Last-Event-ID nothing old is told."""
    await live.emit(changed(1, user_id=await known(live)))
    async with listening(live) as listener:
        await live.emit(changed(2))
        assert (await listener.next()).data["expense_ids"] == [2]


async def test_a_stream_resumes_after_the_last_event(live: World) -> None:
    """With Last-Event-ID all that came after it follows, in order."""
    async with listening(live) as listener:
        await live.emit(changed(1))
        first = await listener.next()
    for number in (2, 3, 4):
        await live.emit(changed(number))
    async with listening(live, last_event_id=first.id) as listener:
        assert [(await listener.next()).data["expense_ids"] for _ in range(3)] == [[2], [3], [4]]


@pytest.mark.parametrize("last", ["0", "999999", "-1", "x", "", "9" * 30, "foreign", "forgotten"])
async def test_a_stream_that_cannot_resume_says_reset_and_goes_on(live: World, last: str) -> None:
    """An id that is unknown, another user's or forgotten: fetch everything, then hear what comes."""
    await known(live, 1)
    await known(live, 2)
    await live.emit(changed(1, user_id=1 if last == "forgotten" else 2))
    [row] = await live.rows("SELECT id FROM user_events")
    if last == "forgotten":
        await live.change("DELETE FROM user_events")
    id_ = str(row["id"]) if last in {"foreign", "forgotten"} else last
    async with listening(live, last_event_id=id_) as listener:
        heard = await listener.next()
        assert (heard.type, heard.data) == ("reset", {})
        await live.emit(changed(5))
        assert (await listener.next()).data["expense_ids"] == [5]


async def test_an_event_that_commits_late_is_not_skipped(live: World) -> None:
    """An event that drew its id first and committed last is told, live and to whoever resumes in between."""
    await known(live)
    async with listening(live) as listener:
        async with live.database.transaction() as slow:
            await emit(slow, changed(1))
            await live.emit(changed(2))
            between = await listener.next()
            assert between.data["expense_ids"] == [2]
        assert (await listener.next()).data["expense_ids"] == [1]
    async with listening(live, last_event_id=between.id) as listener:
        told: set[int] = set()
        while 1 not in told:
            told.update((await listener.next()).data.get("expense_ids", [1]))  # a reset tells everything


async def test_a_long_list_of_missed_events_is_told_whole(live: World) -> None:
    """More than one batch of missed events: each is told once, in order."""
    async with listening(live) as listener:
        await live.emit(changed(0))
        first = await listener.next()
    body = """INSERT INTO user_events (user_id, type, body)
        SELECT 1, 'expenses.changed', json_build_object('expense_ids', json_build_array(n))
        FROM generate_series(1, 1200) n ORDER BY n"""
    await live.change(body)
    async with listening(live, last_event_id=first.id) as listener:
        told = [(await listener.next()).data["expense_ids"][0] for _ in range(1200)]
    assert told == list(range(1, 1201))


async def test_a_stream_ends_with_its_token(live: World) -> None:
    """Whoever was signed in until now is not told what comes later."""
    until = datetime.now(UTC) + timedelta(seconds=4)
    async with listening(live, exp=until) as listener:
        assert await listener.ended()
    assert datetime.now(UTC) >= until - timedelta(seconds=1)  # `exp` is in whole seconds


async def test_open_streams_do_not_hold_up_the_end(database_url: str, sandbox: Starlette) -> None:
    """At shutdown every stream ends at once, long before the server's grace is over."""
    loop = asyncio.get_running_loop()
    ended: list[bool] = []

    async def listen(live: World, opened: asyncio.Event) -> None:
        async with (
            httpx2.AsyncClient(base_url=live.api.base_url, timeout=live.api.timeout) as browser,
            listening(replace(live, api=browser)) as listener,
        ):
            opened.set()
            ended.append(await listener.ended())

    async with asyncio.TaskGroup() as group, world(database_url, sandbox) as live:
        for _ in range(3):
            opened = asyncio.Event()
            group.create_task(listen(live, opened))
            await opened.wait()
        stopped_at = loop.time()
    assert ended == [True] * 3
    assert loop.time() - stopped_at < 5


async def known(live: World, user_id: int = 1) -> int:
    """Make the user's row by a first call."""
    await live.get("/api/plaid/accounts", user_id)
    return user_id


async def test_a_type_that_nobody_knows_here_passes_through(live: World) -> None:
    """A stream shows what is in the table; a hint of another type changes nothing."""
    async with listening(live) as listener:
        await live.emit(StatusChanged(user_id=1, integration_id=3, status="active"))
        heard = await listener.next()
    assert heard.data == {"version": 1, "user_id": 1, "integration_id": 3, "status": "active"}
