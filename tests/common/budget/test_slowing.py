"""What a 429 of Plaid does to `common.budget.levels`."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from common.budget import levels
from common.budget.buckets import buckets_of
from common.database import Database
from common.limits import Scope
from common.plaid import Priority, Spender
from tests.common.budget.calls import MANY, SYNC, Calls, limits

MINUTE = timedelta(minutes=1)


@pytest.fixture
def calls(workers: list[Database]) -> Calls:
    return Calls(limits((Scope.ITEM, 50, 60), (Scope.CLIENT, 500, 60)), workers)


async def tell(calls: Calls, item: int | None, retry_after: float | None = None) -> str | None:
    """Tell of a 429 of this item's call, and return what is to blame."""
    buckets = buckets_of(calls.limits, SYNC, Spender(item), from_start=False)
    async with calls.workers[0].transaction() as session:
        return await levels.slow(session, buckets, retry_after)


async def test_an_item_that_called_too_often(calls: Calls) -> None:
    """The fullest bucket is to blame: calls for other items are made as ever."""
    await calls.exhaust(1)
    assert await tell(calls, 1) == f"{SYNC} in 60 s: integration 1"
    assert await calls.refused(1) >= timedelta(seconds=4)
    assert await calls.refused(2) == timedelta(0)


async def test_a_client_that_called_too_often(calls: Calls) -> None:
    """When no item is full, but the client is, everybody waits."""
    item = 0
    while not await calls.refused(item) and item < MANY:
        item += 1
    assert await tell(calls, 0) == f"{SYNC} in 60 s: client"
    assert await calls.refused(item + 1) >= timedelta(seconds=4)


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
    assert sorted(rates) == rates
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
    assert await tell(Calls({SYNC: ()}, workers), 1) is None


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
