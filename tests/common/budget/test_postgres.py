import asyncio
from contextlib import suppress
from datetime import timedelta
from time import monotonic

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from common.budget.postgres import PostgresBudget
from common.budget.tally import Usage, usage
from common.database import Database, unavailable
from common.limits import Scope
from common.plaid import OverBudget, PlaidError, Priority, Spender
from common.plaid.errors import Details, classify, unreachable
from tests.common.budget.calls import SYNC, limits

HOURLY = limits((Scope.ITEM, 50, 3600), (Scope.CLIENT, 500, 3600))
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def refusal(code: str = "TRANSACTIONS_SYNC_LIMIT", status: int = 429, retry_after: float | None = None) -> PlaidError:
    return classify(Details(status, "RATE_LIMIT_EXCEEDED", code, "too often", retry_after=retry_after))


async def counted(database: Database) -> Usage:
    async with database.transaction() as session:
        [found] = await usage(session, HOURLY)
    return found


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"endpoint": SYNC} | labels) or 0.0


async def test_a_call_is_made_when_its_turn_has_come(workers: list[Database]) -> None:
    """A call beyond the burst is not made before its turn."""
    budget = PostgresBudget(workers[0], limits((Scope.CLIENT, 1, 1)))
    begun = monotonic()
    for _ in range(2):
        await budget.take(SYNC, Spender(patience=timedelta(seconds=5)), from_start=False)
    assert monotonic() - begun >= 1 / 0.92


async def test_the_impatient_are_told_at_once_how_long(workers: list[Database]) -> None:
    """Without patience nobody waits: OverBudget says how long it would be, as an error that is worth another try."""
    budget = PostgresBudget(workers[0], limits((Scope.CLIENT, 1, 60)))
    await budget.take(SYNC, Spender(), from_start=False)
    with pytest.raises(OverBudget) as error:
        await budget.take(SYNC, Spender(patience=timedelta(seconds=50)), from_start=False)
    assert timedelta(seconds=55) < error.value.wait < timedelta(seconds=66)
    assert error.value.details.retry_after == error.value.wait.total_seconds()


async def test_a_refusal_takes_nothing(workers: list[Database]) -> None:
    """Whoever is put off has used nothing up, neither of the limit that had no room nor of another."""
    budget, rows = PostgresBudget(workers[0], HOURLY), text("SELECT * FROM rate_buckets ORDER BY key")
    for _ in range(10):
        await budget.take(SYNC, Spender(1), from_start=False)
    async with workers[0].transaction() as session:
        before = (await session.execute(rows)).all()
    with pytest.raises(OverBudget):
        await budget.take(SYNC, Spender(1), from_start=False)
    async with workers[0].transaction() as session:
        assert (await session.execute(rows)).all() == before


async def test_what_is_counted_for_whom(workers: list[Database]) -> None:
    """An item's limit holds for calls that name it, the limit of syncs from the start for those without a cursor."""
    budget = PostgresBudget(workers[0], limits((Scope.ITEM, 1, 3600), (Scope.START, 2, 3600)))
    await budget.take(SYNC, Spender(1), from_start=True)
    with pytest.raises(OverBudget):
        await budget.take(SYNC, Spender(1), from_start=False)
    with pytest.raises(OverBudget):
        await budget.take(SYNC, Spender(2), from_start=True)
    for _ in range(3):
        await budget.take(SYNC, Spender(), from_start=False)
    await budget.take("/item/get", Spender(1), from_start=True)


async def test_every_call_is_counted_once(workers: list[Database]) -> None:
    """Calls, those put off, those answered with 429 and those that failed: exact, from all workers together."""
    budgets = [PostgresBudget(worker, HOURLY) for worker in workers]

    async def call(number: int) -> None:
        with suppress(OverBudget):
            await budgets[number % 2].take(SYNC, Spender(number % 3), from_start=False)

    await asyncio.gather(*(call(number) for number in range(40)))
    for error in (refusal(), refusal("CREDITS_EXHAUSTED"), unreachable("timed out")):
        await budgets[0].learn(SYNC, Spender(1), error, from_start=False)

    found = await counted(workers[0])
    assert (found.last_day, found.put_off) == (30, 10)  # three items' bursts of ten
    assert (found.limited, found.failed) == (2, 1)


async def test_a_429_slows_and_is_told_by_nobody_else(workers: list[Database]) -> None:
    """After a 429 another worker too finds the item paused, as long as Plaid asked for."""
    await PostgresBudget(workers[0], HOURLY).take(SYNC, Spender(1), from_start=False)
    await PostgresBudget(workers[0], HOURLY).learn(SYNC, Spender(1), refusal(retry_after=7000), from_start=False)
    with pytest.raises(OverBudget) as error:
        await PostgresBudget(workers[1], HOURLY).take(SYNC, Spender(1), from_start=False)
    assert error.value.wait > timedelta(seconds=6990)


@pytest.mark.parametrize(
    "error",
    [
        refusal("CREDITS_EXHAUSTED"),
        refusal("TRIAL_CONNECTION_LIMIT"),
        refusal("INSTITUTION_RATE_LIMIT"),
        refusal("INTERNAL_SERVER_ERROR", 500, retry_after=7000),
        unreachable("timed out"),
    ],
    ids=lambda error: str(error.code),
)
async def test_what_is_no_rate_slows_nobody(workers: list[Database], error: PlaidError) -> None:
    """A plan that is used up, an institution's own limit, any other failure: going slower would not help."""
    budget = PostgresBudget(workers[0], HOURLY)
    await budget.take(SYNC, Spender(1), from_start=False)
    await budget.learn(SYNC, Spender(1), error, from_start=False)
    await budget.take(SYNC, Spender(1), from_start=False)


async def test_without_a_database_no_call_is_made() -> None:
    """Nobody knows what the others take: the error says that the database is away, and workers wait for it."""
    database = Database(NOWHERE)
    with pytest.raises(OSError) as error:  # noqa: PT011 - judged by what consumers ask
        await PostgresBudget(database, HOURLY).take(SYNC, Spender(1), from_start=False)
    assert unavailable(error.value)


async def test_plaids_error_is_never_masked() -> None:
    """What cannot be noted for want of a database does not stand in the way of what Plaid said."""
    await PostgresBudget(Database(NOWHERE), HOURLY).learn(SYNC, Spender(1), refusal(), from_start=False)


async def test_a_refusal_that_cannot_be_counted_is_one_all_the_same(workers: list[Database]) -> None:
    """Whoever is put off reads for how long, whether or not it could be written down."""
    budget = PostgresBudget(workers[0], limits((Scope.CLIENT, 1, 60)))
    await budget.take(SYNC, Spender(), from_start=False)
    async with workers[0].transaction() as session:
        await session.execute(text("ALTER TABLE plaid_api_usage RENAME TO elsewhere"))
    try:
        with pytest.raises(OverBudget):
            await budget.take(SYNC, Spender(), from_start=False)
    finally:
        async with workers[0].transaction() as session:
            await session.execute(text("ALTER TABLE elsewhere RENAME TO plaid_api_usage"))


async def test_metrics(workers: list[Database]) -> None:
    """What is put off and how long calls wait can be watched by endpoint and priority."""
    put_off, waited = "plaid_calls_put_off_total", "plaid_budget_wait_seconds_count"
    before = metric(put_off, priority="backfill"), metric(waited, priority="backfill")
    budget = PostgresBudget(workers[0], limits((Scope.CLIENT, 1, 60)))
    spender = Spender(priority=Priority.BACKFILL)
    await budget.take(SYNC, spender, from_start=False)
    with pytest.raises(OverBudget):
        await budget.take(SYNC, spender, from_start=False)
    assert metric(put_off, priority="backfill") == before[0] + 1
    assert metric(waited, priority="backfill") == before[1] + 1
