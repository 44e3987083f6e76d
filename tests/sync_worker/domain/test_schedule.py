from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain import schedule

LINKED = datetime(2026, 11, 22, tzinfo=UTC)
SILENCE = timedelta(hours=6)


@pytest.mark.parametrize(
    ("age", "pause"),
    [(timedelta(0), 10), (timedelta(seconds=60), 30), (timedelta(hours=3), 600)],
)
def test_polls_while_history_is_incomplete(age: timedelta, pause: int) -> None:
    """Until all history is here an item is asked every 10 s to 10 min, so that lost webhooks still finish."""
    got = schedule.pause_after_success(schedule.INITIAL, LINKED, LINKED + age, SILENCE, 0.5)
    assert got == timedelta(seconds=pause)


@given(st.floats(0, 1))
def test_a_complete_item_waits_for_its_doorbell(jitter: float) -> None:
    """With all history here, only the permitted silence rings unasked; what was synced together drifts apart."""
    pause = schedule.pause_after_success(schedule.COMPLETE, LINKED, LINKED, SILENCE, jitter)
    assert SILENCE * 0.9 <= pause <= SILENCE
    assert pause == SILENCE * (1 - jitter / 10)


@given(st.integers(1, 10**6), st.floats(0, 1), st.one_of(st.none(), st.integers(0, 10**5)))
def test_backoff_is_bounded_and_honours_retry_after(failures: int, jitter: float, retry_after: int | None) -> None:
    """Back-off lies between 5 s and 1 h, and never ends before Plaid's Retry-After."""
    pause = schedule.pause_after_failure(failures, jitter, retry_after).total_seconds()
    assert 5 <= pause <= max(3600, retry_after or 0)
    assert pause >= (retry_after or 0)


@pytest.mark.parametrize(
    ("cursor", "status", "name"),
    [
        (None, "NOT_READY", "initial"),
        ("c", "INITIAL_UPDATE_COMPLETE", "historical"),
        ("c", "HISTORICAL_UPDATE_COMPLETE", "update"),
        (None, "HISTORICAL_UPDATE_COMPLETE", "historical"),
    ],
)
def test_sync_type(cursor: str | None, status: str, name: str) -> None:
    """First initial, then historical until Plaid has all history, then update; read anew, historical."""
    assert schedule.sync_type(cursor, status) == name
