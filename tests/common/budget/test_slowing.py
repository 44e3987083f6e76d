"""What a 429 of Plaid does to `common.budget.levels`."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from common.budget import levels
from common.budget.buckets import buckets_of
from common.database import Database
from common.limits import Scope
from common.plaid import Priority, Spender
from tests.common.budget.calls import SYNC, Calls, limits

MINUTE = timedelta(minutes=1)


@pytest.fixture
def calls(workers: list[Database]) -> Calls:
    return Calls(limits((Scope.ITEM, 50, 60), (Scope.CLIENT, 500, 60)), workers)


async def tell(calls: Calls, item: int | None, retry_after: float | None = None) -> list[str]:
    """Tell of a 429 of this item's call, and return whose buckets were slowed down."""
    buckets = buckets_of(calls.limits, SYNC, Spender(item), from_start=False)
    async with calls.workers[0].transaction() as session:
        return [key.partition(": ")[2] for key in await levels.slow(session, buckets, retry_after)]


async def fill_client(calls: Calls, share: float) -> None:
    """Use so much of the client's burst of 40, each call for another item."""
    for item in range(1000, 1000 + int(share * 40)):
        assert await calls.refused(item) == timedelta(0)


@pytest.mark.parametrize("retry_after", [None, 3600.0])
async def test_an_item_that_called_too_often(calls: Calls, retry_after: float | None) -> None:
    """The item is to blame: calls for other items are made as ever."""
    await calls.exhaust(1)
    assert await tell(calls, 1, retry_after) == ["integration 1"]
    assert await calls.refused(1) >= timedelta(seconds=4)
    assert await calls.refused(2) == timedelta(0)


async def test_one_items_429_holds_up_that_item_alone(calls: Calls) -> None:
    """Of all buckets the item's is the emptiest, and Plaid wants an hour: nobody else waits a moment for it."""
    await fill_client(calls, 0.7)
    await calls.book(1)
    assert await tell(calls, 1, retry_after=3600) == ["integration 1"]
    assert await calls.refused(1) > timedelta(seconds=3590)
    assert await calls.refused(2) == timedelta(0)
    assert await calls.saturate(MINUTE, 2) >= 39


@pytest.mark.parametrize("retry_after", [None, 3600.0])
async def test_a_client_near_its_limit(calls: Calls, retry_after: float | None) -> None:
    """When the client's bucket is nearly full everybody backs off for seconds, whatever Plaid asks of the item."""
    calls.limits = limits((Scope.ITEM, 50, 60), (Scope.CLIENT, 500, 3600))  # hardly emptier while the test runs
    await fill_client(calls, 1)
    assert await tell(calls, 1000, retry_after) == ["integration 1000", "client"]
    assert timedelta(seconds=10) < await calls.refused(1) < timedelta(seconds=20)  # two pauses of 8 s, not one
    assert (await calls.refused(1000) > MINUTE) is (retry_after is not None)


async def test_two_items_within_a_minute(calls: Calls) -> None:
    """Two items are limited though we see room: the client may be what Plaid limits, and backs off for seconds."""
    for item in (1, 2):
        await calls.book(item)
    assert await tell(calls, 1, retry_after=3600) == ["integration 1"]
    assert await tell(calls, 1, retry_after=3600) == ["integration 1"]
    assert await tell(calls, 2, retry_after=3600) == ["integration 2", "client"]
    assert timedelta(seconds=2) < await calls.refused(3) < timedelta(seconds=10)


async def test_two_items_far_apart(calls: Calls) -> None:
    """Items that are limited more than a minute apart, or at other endpoints, say nothing of the client."""
    for item in (1, 2, 3):
        await calls.book(item)
    await tell(calls, 1)
    await calls.pass_time(timedelta(seconds=61))
    assert await tell(calls, 2) == ["integration 2"]
    async with calls.workers[0].transaction() as session:
        await session.execute(text("UPDATE rate_buckets SET key = '/item/get' || substr(key, 19) WHERE key LIKE '% 2'"))
    assert await tell(calls, 3) == ["integration 3"]


async def test_a_client_is_held_up_for_its_window_at_most(calls: Calls) -> None:
    """A call of no item leaves the client alone to blame: Retry-After is honoured, but no longer than the window."""
    await calls.book()
    assert await tell(calls, None, retry_after=20) == ["client"]
    assert timedelta(seconds=18) < await calls.refused() < timedelta(seconds=25)
    assert await tell(calls, None, retry_after=3600) == ["client"]
    assert timedelta(seconds=57) < await calls.refused(1) < timedelta(seconds=65)


async def test_a_client_alone_backs_off_and_recovers(calls: Calls) -> None:
    """The client's back-off doubles, once for calls under way together, up to its window; recovers in ten minutes."""
    calls.limits = limits((Scope.CLIENT, 500, 20))
    await calls.book()
    for back_off in (4, 8, 16, 20, 20):
        for _ in range(3):
            await tell(calls, None)
        wait = await calls.refused()
        assert back_off * 0.75 <= wait.total_seconds() <= back_off + 4
        await calls.pass_time(max(wait, timedelta(seconds=2 * back_off)))
        assert await calls.refused() <= timedelta(seconds=1)
    await calls.pass_time(10 * MINUTE)
    assert await calls.exhaust() >= 40


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("passed", [0, 60, 119])
async def test_retry_after_is_honoured(calls: Calls, priority: Priority, passed: float) -> None:
    """However urgent, nobody calls sooner than Plaid asked for, and then soon."""
    await calls.book(1)
    await tell(calls, 1, retry_after=120)
    await calls.pass_time(timedelta(seconds=passed))
    wait = (await calls.refused(1, priority)).total_seconds()
    assert 120 - passed - 1 < wait < 120 - passed + 15  # a second of the test's own; no burst follows


async def test_a_longer_wait_is_not_cut_short(calls: Calls) -> None:
    """A 429 that asks for less than an earlier one changes nothing."""
    await calls.book(1)
    await tell(calls, 1, retry_after=120)
    await tell(calls, 1, retry_after=1)
    assert await calls.refused(1) > timedelta(seconds=118)


async def test_half_the_rate_and_back_in_ten_minutes(calls: Calls) -> None:
    """After the pause the item is called half as often, then more and more often, then as before."""
    await calls.exhaust(1)
    await tell(calls, 1)
    rates = [await calls.saturate(MINUTE, 1) for _ in range(12)]
    assert 14 <= rates[0] <= 22  # of 40 a minute, less the pause
    rising = [min(rate, 39) for rate in rates]  # as before, it is 40 a minute, give or take a call
    assert sorted(rising) == rising
    assert 24 <= rates[5] <= 30
    assert rates[-1] >= 39


async def test_the_back_off_doubles_while_429s_go_on(calls: Calls) -> None:
    """4, 8, 16, 32 s, not longer; after each a few seconds more, since no burst follows."""
    await calls.book(1)
    for back_off in (4, 8, 16, 32, 32):
        await tell(calls, 1)
        wait = await calls.refused(1)
        assert back_off * 0.9 <= wait.total_seconds() <= back_off + 15
        await calls.pass_time(wait)
        assert await calls.refused(1) <= timedelta(seconds=1)


async def test_calls_under_way_count_once(calls: Calls) -> None:
    """Sixteen calls under way at once that are all refused are one reason to go slower, not sixteen."""
    await calls.book(1)
    for _ in range(16):
        await tell(calls, 1)
    assert await calls.refused(1) < timedelta(seconds=8)


async def test_nothing_is_to_blame_where_there_is_no_limit(workers: list[Database]) -> None:
    """A 429 where we know of no limit slows nobody."""
    assert await tell(Calls({SYNC: ()}, workers), 1) == []


async def test_buckets_are_forgotten_when_they_say_nothing(calls: Calls) -> None:
    """Long empty and at full speed: forgotten. What was called of late, or is still slow, is kept."""
    for item in (1, 2, 3):
        await calls.book(item)
    await calls.pass_time(9 * MINUTE)
    async with calls.workers[0].transaction() as session:
        assert await levels.prune(session) == 0
    for item in (2, 3):
        await calls.book(item)
    await calls.exhaust(2)
    await tell(calls, 2, retry_after=0)
    await calls.pass_time(9.9 * MINUTE)
    await calls.book(3)
    async with calls.workers[0].transaction() as session:
        assert await levels.prune(session) == 1
        keys = (await session.execute(text("SELECT key FROM rate_buckets ORDER BY key"))).scalars().all()
    assert [key.partition(": ")[2] for key in keys] == ["client", "integration 2", "integration 3"]
