from datetime import UTC, datetime, timedelta

import pytest

from plaid_sandbox.errors import PlaidError
from plaid_sandbox.limits import Limiter
from tests.plaid_sandbox.running import running, settings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_window_slides() -> None:
    """Fifty calls a minute per Item: the fifty-first is refused until the first is a minute old."""
    limiter = Limiter("production")
    for second in range(50):
        limiter.count("/transactions/sync", client="c", item_id="i", now=NOON + timedelta(seconds=second))
    with pytest.raises(PlaidError, match="TRANSACTIONS_SYNC_LIMIT") as refused:
        limiter.count("/transactions/sync", client="c", item_id="i", now=NOON + timedelta(seconds=59))
    assert refused.value.status == 429
    limiter.count("/transactions/sync", client="c", item_id="other", now=NOON + timedelta(seconds=59))
    limiter.count("/transactions/sync", client="c", item_id="i", now=NOON + timedelta(seconds=60))


def test_limits_are_off_unless_asked_for() -> None:
    """A test that wants speed gets it."""
    limiter = Limiter("off")
    for _ in range(10_000):
        limiter.count("/transactions/sync", client="c", item_id="i", now=NOON)


async def test_first_pages_have_a_limit_of_their_own() -> None:
    """Calls without a cursor are counted over all Items of a client; refused ones answer 429 with Plaid's code."""
    async with running(settings(rate_limits="sandbox")) as stand_in:
        tokens = [(await stand_in.link(days=1))[0] for _ in range(6)]
        body = [{"access_token": token} for token in tokens for _ in range(50)]
        statuses = [(await stand_in.send("/transactions/sync", one)).status_code for one in body]
    assert statuses == [200] * 250 + [429] * 50
