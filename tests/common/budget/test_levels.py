import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import text

from common.database import Database
from common.limits import Scope
from common.plaid import OverBudget, Priority
from tests.common.budget.calls import SOON, SYNC, Calls, limits

MINUTE = timedelta(minutes=1)
ITEM, CLIENT, START = Scope.ITEM, Scope.CLIENT, Scope.START
MIXED = limits((ITEM, 6, 60), (ITEM, 20, 600), (CLIENT, 40, 60), (START, 12, 60))


async def rows(database: Database) -> list[tuple[object, ...]]:
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(text("SELECT * FROM rate_buckets ORDER BY key"))]


@pytest.mark.parametrize("seed", range(5))
async def test_no_window_sees_too_many_calls(workers: list[Database], seed: int) -> None:
    """Whoever calls whenever, however urgent and patient, from any worker: no limit is exceeded in any window."""
    dice, calls = Random(seed), Calls(MIXED, workers)  # noqa: S311 - the same calls in every run
    asked = 0
    for _ in range(40):
        several = dice.randrange(10)
        await asyncio.gather(*(chance(dice, calls) for _ in range(several)))
        await calls.pass_time(timedelta(seconds=dice.expovariate(1 / dice.choice([0.1, 2, 20]))))
        asked += several
    assert 40 < len(calls.made) < asked
    assert calls.broken() == []


async def chance(dice: Random, calls: Calls) -> None:
    item, priority, patience = dice.choice([None, 1, 2, 3]), dice.choice(list(Priority)), dice.choice([0, 5, 30])
    from_start, worker = dice.random() < 0.3, dice.randrange(2)
    with suppress(OverBudget):
        await calls.book(item, priority, timedelta(seconds=patience), from_start=from_start, worker=worker)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 30])
@pytest.mark.parametrize("scope", [ITEM, CLIENT])
async def test_saturation_uses_what_is_allowed_and_no_more(workers: list[Database], limit: int, scope: Scope) -> None:
    """Whoever calls whenever he may gets 92 % of a client's limit, 80 % of an item's, and never one call too many."""
    calls = Calls(limits((scope, limit, 60)), workers)
    minutes = max(4, 60 // limit)
    made = await calls.saturate(minutes * MINUTE, 1, Priority.BACKFILL)
    assert calls.broken() == []
    assert made >= (0.92 if scope is CLIENT else 0.8) * limit * minutes


async def test_many_callers_at_once_use_what_is_allowed(workers: list[Database]) -> None:
    """Page loops of many banks on two workers, waiting up to 5 s: 90 % of the client's limit, and no call too many."""
    calls = Calls(limits((ITEM, 50, 60), (CLIENT, 150, 60)), workers)

    async def page(loop: int) -> None:
        with suppress(OverBudget):
            await calls.book(loop, Priority.SWEEP, SOON, worker=loop % 2)

    for _ in range(50):
        await asyncio.gather(*(page(loop) for loop in range(12)))
        await calls.pass_time(timedelta(seconds=3))
    moments = sorted(at for at, _, _ in calls.made)
    steady = [at for at in moments if at > moments[0] + MINUTE]
    assert calls.broken() == []
    assert len(steady) >= 0.9 * 150 * (steady[-1] - steady[0]) / MINUTE


async def test_a_call_that_waits_for_its_item_counts_for_the_client_when_it_is_made(workers: list[Database]) -> None:
    """Calls that were put in line a minute ago and fresh ones meet in one window: the client's limit holds."""
    calls = Calls(limits((ITEM, 1, 60), (CLIENT, 30, 60)), workers)
    for item in range(12):
        while wait := await calls.refused(item):
            await calls.pass_time(wait)
        await calls.book(item, patience=timedelta(hours=1))
    await calls.pass_time(timedelta(seconds=10))
    for fresh in range(100, 150):
        await calls.pass_time(await calls.refused(fresh))
    assert calls.broken() == []


async def test_the_urgent_go_first(workers: list[Database]) -> None:
    """Where backfills find no room sweeps still do, and where sweeps find none, whoever a user waits for."""
    calls = Calls(limits((CLIENT, 500, 3600)), workers)
    assert await calls.exhaust(priority=Priority.BACKFILL) == 16  # 0.4 of a burst of 40
    assert await calls.exhaust(priority=Priority.SWEEP) == 12  # 0.7
    assert await calls.exhaust(priority=Priority.INTERACTIVE) == 12


async def test_a_user_waits_for_no_backfill(workers: list[Database]) -> None:
    """In a flood of backfills that take every turn they can get, a call that a user waits for is made at once."""
    calls = Calls(limits((CLIENT, 100, 60)), workers)
    for _ in range(20):
        await calls.exhaust(priority=Priority.BACKFILL)
        assert await calls.refused(priority=Priority.INTERACTIVE) == timedelta(0)
        await calls.pass_time(timedelta(seconds=2))
    assert calls.broken() == []


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("scope", [ITEM, CLIENT])
@pytest.mark.parametrize("priority", Priority)
async def test_a_small_limit_lets_everybody_through(
    workers: list[Database], limit: int, scope: Scope, priority: Priority
) -> None:
    """Where a share of the burst is less than a call, the first call is made at once all the same."""
    calls = Calls(limits((scope, limit, 60)), workers)
    assert await calls.refused(1, priority) == timedelta(0)


async def test_a_page_loop_goes_on(workers: list[Database]) -> None:
    """An item's pages after its burst wait for less than 5 s each, also in a backfill."""
    calls = Calls(limits((ITEM, 50, 60), (CLIENT, 2500, 60)), workers)
    await calls.exhaust(1, Priority.BACKFILL)
    for _ in range(30):
        await calls.pass_time(await calls.book(1, Priority.BACKFILL, SOON))
    assert calls.broken() == []


async def test_a_refusal_takes_nothing(workers: list[Database]) -> None:
    """One bucket without room: none of the others is any fuller for it."""
    calls = Calls(limits((ITEM, 5, 60), (CLIENT, 100, 60), (START, 50, 60)), workers)
    await calls.book(1, from_start=True)
    before = await rows(workers[0])
    with pytest.raises(OverBudget):
        await calls.book(1, from_start=True)
    assert await rows(workers[0]) == before


async def test_first_come_first_served(workers: list[Database]) -> None:
    """Whoever waits has his turn reserved, in the order of asking, one steady pause after another."""
    calls = Calls(limits((CLIENT, 10, 60)), workers)
    waits = [await calls.book(patience=MINUTE, worker=number % 2) for number in range(5)]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(waits)]
    assert waits[0] == timedelta(0)
    assert pauses == [pytest.approx(60 / 9.2, abs=0.5)] * 4


async def test_workers_share_one_budget(workers: list[Database]) -> None:
    """What one process took is gone for the other, and items have each their own."""
    calls = Calls(limits((ITEM, 50, 60)), workers)
    assert await calls.exhaust(1) == 10
    with pytest.raises(OverBudget):
        await calls.book(1, worker=1)
    assert await calls.book(2, worker=1) == timedelta(0)


async def test_takers_never_wait_in_a_circle(workers: list[Database]) -> None:
    """Processes that list the same buckets in other orders lock them in one."""
    forth = limits((ITEM, 100_000, 60), (CLIENT, 100_000, 60), (START, 100_000, 60))
    back = {SYNC: tuple(reversed(forth[SYNC]))}

    async def take(number: int) -> None:
        mine = Calls(forth if number % 2 else back, workers)
        for turn in range(10):
            await mine.book((number + turn) % 3, from_start=turn % 3 > 0, worker=number % 2)

    await asyncio.gather(*(take(number) for number in range(20)))
