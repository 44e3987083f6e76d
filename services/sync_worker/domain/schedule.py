"""When an item is due again."""

from datetime import datetime, timedelta

NOT_READY = "NOT_READY"
INITIAL = "INITIAL_UPDATE_COMPLETE"
COMPLETE = "HISTORICAL_UPDATE_COMPLETE"

SOONEST_POLL = timedelta(seconds=10)
SLOWEST_POLL = timedelta(minutes=10)
LOGIN_CHECK = timedelta(hours=6)
BACKOFF_START = timedelta(seconds=10)
BACKOFF_CAP = timedelta(hours=1)
OPERATOR_BACKOFF = timedelta(hours=6)
"""What an operator must mend is not retried: it is looked at when nobody rang for long."""
BALANCES_RETRY = timedelta(minutes=10)
"""When an item comes back whose accounts Plaid could not list beside its transactions."""
PUT_OFF_SPREAD = timedelta(seconds=5)
"""Items that were put off for the same reason come back over so long, and as long again as they had to wait."""


def sync_type(cursor: str | None, status: str) -> str:
    """Return the seed's name for a sync: initial, historical until Plaid has all history, then update."""
    if cursor is None:
        return "historical" if status == COMPLETE else "initial"  # a whole history that is read again
    return "update" if status == COMPLETE else "historical"


def pause_after_success(
    status: str, linked_at: datetime, now: datetime, max_silence: timedelta, jitter: float
) -> timedelta:
    """Return how long to wait unrung: the permitted silence, but 10 s … 10 min (as the link ages) for history.

    The silence ends up to a tenth sooner by `jitter` (0 to 1), so that what was synced together drifts apart.
    """
    if status == COMPLETE:
        return max_silence * (1 - jitter / 10)
    return min(max((now - linked_at) / 2, SOONEST_POLL), SLOWEST_POLL)


def pause_when_put_off(wait: timedelta, jitter: float) -> timedelta:
    """Return when an item comes back for which there was no room: not all that wait come at once."""
    return wait + (wait + PUT_OFF_SPREAD) * jitter


def pause_after_failure(failures: int, jitter: float, retry_after: float | None = None) -> timedelta:
    """Return the back-off: doubling from 10 s to 1 h, spread by `jitter` (0 to 1), never before Plaid's Retry-After."""
    delay: timedelta = min(BACKOFF_START * 2 ** min(max(failures - 1, 0), 16), BACKOFF_CAP)
    spread = delay * (0.5 + jitter / 2)
    return max(spread, timedelta(seconds=retry_after or 0))
