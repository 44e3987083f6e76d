from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from plaid_sandbox.errors import PlaidError
from plaid_sandbox.limits import FIRST_PAGES, PRODUCTION, Limit, Limiter, Most
from tests.plaid_sandbox.running import running, settings

BALANCE = "/accounts/balance/get"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_window_slides() -> None:
    """Fifty calls a minute per Item: the fifty-first is refused until the first is a minute old."""
    limiter = Limiter(PRODUCTION)
    for second in range(50):
        limiter.count(["/transactions/sync"], client="c", item_id="i", now=NOON + timedelta(seconds=second))
    with pytest.raises(PlaidError, match="TRANSACTIONS_SYNC_LIMIT") as refused:
        limiter.count(["/transactions/sync"], client="c", item_id="i", now=NOON + timedelta(seconds=59))
    assert refused.value.status == 429
    limiter.count(["/transactions/sync"], client="c", item_id="other", now=NOON + timedelta(seconds=59))
    limiter.count(["/transactions/sync"], client="c", item_id="i", now=NOON + timedelta(seconds=60))


def test_limits_are_off_unless_asked_for() -> None:
    """A test that wants speed gets it."""
    limiter = Limiter({})
    for _ in range(10_000):
        limiter.count(["/transactions/sync"], client="c", item_id="i", now=NOON)


@pytest.mark.parametrize(("pause", "passed"), [(10, 3), (30, 8), (500, 11), (7900, 60)])
def test_hours_and_days_have_windows_of_their_own(pause: int, passed: int) -> None:
    """Of 60 calls in an even pace so many pass before the minute, the hour or the day has no more left."""
    limiter = Limiter({BALANCE: Limit(Most(3, 8, 11), Most())})
    moments = [NOON + timedelta(seconds=pause * number) for number in range(60)]
    assert len(list(takewhile(lambda moment: is_let_through(limiter, moment), moments))) == passed


def is_let_through(limiter: Limiter, moment: datetime) -> bool:
    """Whether a call at this moment is within its limits."""
    try:
        limiter.count([BALANCE], client="c", item_id="i", now=moment)
    except PlaidError:
        return False
    return True


def test_plaids_windows_are_known() -> None:
    """Refresh and balance have hourly limits, refresh daily ones too (plaid.com/docs/errors/rate-limit-exceeded)."""
    assert PRODUCTION["/transactions/refresh"].item == (2, 120, 2880)
    assert PRODUCTION["/transactions/refresh"].client == (100, 18_000, 432_000)
    assert PRODUCTION[BALANCE].item == (5, 30, None)


def test_a_refused_call_uses_nothing_up() -> None:
    """Of a call that goes by two names either both are counted or none."""
    limiter = Limiter({"/transactions/sync": Limit(Most(2), Most()), FIRST_PAGES: Limit(Most(), Most(0))})
    for _ in range(5):
        with pytest.raises(PlaidError):
            limiter.count(["/transactions/sync", FIRST_PAGES], client="c", item_id="i", now=NOON)
    for _ in range(2):
        limiter.count(["/transactions/sync"], client="c", item_id="i", now=NOON)
    assert (limiter.counts["/transactions/sync"].calls, limiter.counts[FIRST_PAGES].refused) == (2, 5)


async def test_first_pages_have_a_limit_of_their_own() -> None:
    """Calls without a cursor are counted over all Items of a client; refused ones answer 429 with Plaid's code."""
    async with running(settings(rate_limits="sandbox")) as stand_in:
        tokens = [(await stand_in.link(days=1))[0] for _ in range(6)]
        body = [{"access_token": token} for token in tokens for _ in range(50)]
        statuses = [(await stand_in.send("/transactions/sync", one)).status_code for one in body]
    assert statuses == [200] * 250 + [429] * 50
