from datetime import UTC, datetime
from itertools import pairwise

import httpx2
import pytest

from plaid_sandbox.webhooks.retries import RETRY_DELAYS, pause_after

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [
        (429, "600", 600),
        (429, "2026-11-22T12:10:00Z", 600),
        (429, "2026-11-22T12:10:00", 600),
        (429, "Sun, 22 Nov 2026 12:10:00 GMT", 600),
        (429, "86400", 4 * 3600),
        (429, "2026-11-22T11:00:00Z", 0),
        (429, "soon", 30),
        (429, "", 30),
        (503, "600", 30),
    ],
)
def test_a_busy_receiver_is_believed(status: int, retry_after: str, pause: float) -> None:
    """Seconds, ISO 8601 or an HTTP date, with a 429 only, four hours at most; nonsense falls back to the back-off."""
    assert pause_after(httpx2.Response(status, headers={"Retry-After": retry_after}), 30, NOON) == pause


def test_the_back_off_ends_within_a_day() -> None:
    """Each delay is four times the one before, and all together stay within Plaid's 24 hours."""
    assert all(later == 4 * earlier for earlier, later in pairwise(RETRY_DELAYS))
    assert sum(RETRY_DELAYS) < 24 * 3600 < sum(RETRY_DELAYS) + 4 * RETRY_DELAYS[-1]
    assert pause_after(None, 120, NOON) == 120
