import pytest

from common.budget.buckets import Bucket, buckets_of
from common.limits import PRODUCTION, Limit, Scope
from common.plaid import Priority, Spender

SYNC = "/transactions/sync"


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5, 12, 13, 50, 500, 2500, 30_000, 432_000])
@pytest.mark.parametrize("seconds", [1, 60, 86_400])
def test_burst_and_rate_add_up_to_less_than_one_call_too_many(scope: Scope, calls: int, seconds: int) -> None:
    """What a window may see, late calls included, is the limit or less than a call more."""
    [bucket] = buckets_of({SYNC: (Limit(scope, calls, seconds),)}, SYNC, Spender(1), from_start=True)
    assert bucket.burst >= 1
    assert bucket.burst + (seconds + bucket.slack) / bucket.pause < calls + 1


def test_whose_calls_are_counted_together() -> None:
    """Each limit has one bucket for the client, or one for each item; windows of one path do not mix."""
    refresh = buckets_of(PRODUCTION, "/transactions/refresh", Spender(7), from_start=False)
    assert len({bucket.key for bucket in refresh}) == 6
    assert keys(PRODUCTION, Spender(7), from_start=True) > keys(PRODUCTION, Spender(7), from_start=False)
    assert len(keys(PRODUCTION, Spender(7), from_start=True) & keys(PRODUCTION, Spender(8), from_start=True)) == 2
    assert len(keys(PRODUCTION, Spender(), from_start=False)) == 1


def keys(limits: dict[str, tuple[Limit, ...]], spender: Spender, *, from_start: bool) -> set[str]:
    return {bucket.key for bucket in buckets_of(limits, SYNC, spender, from_start=from_start)}


def test_the_urgent_may_fill_it_more() -> None:
    """Interactive calls may use the whole burst, sweeps and backfills less."""
    bucket = Bucket("key", pause=2.0, burst=10.0, slack=0.0, window=60.0, of_item=True)
    assert [bucket.allowance(priority) for priority in Priority] == [20.0, 14.0, 8.0]
