from datetime import timedelta

from sqlalchemy import text

from common.budget import tally
from common.budget.tally import Usage, usage
from common.database import Database
from common.limits import Limit, Scope

LIMITS = {
    "/item/get": (Limit(Scope.ITEM, 15, 60), Limit(Scope.CLIENT, 5000, 60)),
    "/transactions/refresh": (Limit(Scope.CLIENT, 18_000, 3600), Limit(Scope.CLIENT, 100, 60)),
}
CALLED = text("""
    INSERT INTO plaid_api_usage (endpoint, minute, calls, put_off, limited, failed)
    VALUES (:endpoint, date_trunc('minute', now()) - CAST(:ago AS interval), :calls, :put_off, :limited, :failed)
""")


async def called(database: Database, endpoint: str, ago: timedelta, *counts: int) -> None:
    values = dict(zip(("calls", "put_off", "limited", "failed"), counts, strict=True))
    async with database.transaction() as session:
        await session.execute(CALLED, {"endpoint": endpoint, "ago": ago} | values)


async def test_usage_beside_its_limit(workers: list[Database]) -> None:
    """Per endpoint: the fuller of the last two minutes, the last hour, the last day; the client's limit a minute."""
    for ago, calls in [(1, 30), (5, 70), (58, 100), (62, 1000), (23 * 60, 10_000), (25 * 60, 100_000)]:
        await called(workers[0], "/item/get", timedelta(minutes=ago), calls, 1, 2, 3)
    await called(workers[0], "/link/token/get", timedelta(hours=2), 1, 0, 0, 0)
    await called(workers[0], "/transactions/refresh", timedelta(hours=25), 1, 0, 0, 0)
    async with workers[0].transaction() as session:
        await tally.count(session, "/item/get", calls=20)
        await tally.count(session, "/item/get", calls=20)
        await tally.count(session, "/transactions/refresh", put_off=1)
        found = await usage(session, LIMITS)

    item_get = Usage("/item/get", 40, 240, 11_240, put_off=5, limited=10, failed=15, limit_per_minute=5000)
    assert found[0] == item_get
    assert found[1:] == [
        Usage("/link/token/get", 0, 0, 1, put_off=0, limited=0, failed=0, limit_per_minute=None),
        Usage("/transactions/refresh", 0, 0, 0, put_off=1, limited=0, failed=0, limit_per_minute=100),
    ]


async def test_old_rows_are_forgotten(workers: list[Database]) -> None:
    """After 30 days, not before."""
    for days in (29, 31, 32):
        await called(workers[0], "/item/get", timedelta(days=days), 1, 0, 0, 0)
    async with workers[0].transaction() as session:
        assert await tally.prune(session) == 2
        assert await tally.prune(session) == 0
