"""What a user is told, and when that is over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain import notices
from sync_worker.domain.life import State
from sync_worker.domain.notices import Kind
from sync_worker.domain.schedule import COMPLETE, INITIAL, NOT_READY

NOW = datetime(2026, 11, 22, tzinfo=UTC)
STAGES = st.sampled_from([NOT_READY, INITIAL, COMPLETE, "TRANSACTIONS_UPDATE_STATUS_UNKNOWN", "A_STAGE_OF_TOMORROW"])


@given(st.lists(st.sampled_from([State.ACTIVE, State.LOGIN_REQUIRED, State.REVOKED]), min_size=1))
def test_what_stands_is_what_the_state_says(states: list[State]) -> None:
    """Whatever happened before: a broken login, a revocation and a repair stand alone, each while it is so."""
    standing: set[Kind] = set()
    state = State.ACTIVE
    for after in states:
        telling = notices.on_arrival(state, after)
        standing = (standing | telling.told) - telling.cleared
        state = after
    expected = {State.LOGIN_REQUIRED: {Kind.LOGIN_REQUIRED}, State.REVOKED: {Kind.REVOKED}}
    assert standing == expected.get(state, {Kind.REPAIRED} if standing else set())


@given(st.sampled_from(State))
def test_no_change_tells_nothing(state: State) -> None:
    """An error that comes again is told once."""
    assert notices.on_arrival(state, state) == notices.NOTHING


def test_a_disconnected_bank_leaves_nothing_standing() -> None:
    """Whoever disconnected a bank hears no more of it."""
    assert notices.on_arrival(State.REMOVING, State.DISCONNECTED).cleared == set(Kind)


@given(st.lists(STAGES, min_size=1))
def test_history_complete_is_the_last_word(stages: list[str]) -> None:
    """The first transactions are told, then all history is; the second ends the first, and nothing follows it."""
    standing: set[Kind] = set()
    before = NOT_READY
    for stage in stages:
        telling = notices.on_stage(before, stage)
        standing = (standing | telling.told) - telling.cleared
        if before == COMPLETE:
            assert telling == notices.NOTHING
        before = before if before == COMPLETE else stage
    if COMPLETE in stages:
        assert standing == {Kind.HISTORY_COMPLETE}


@pytest.mark.parametrize(("days", "told"), [(6.9, True), (7.1, False), (-1, True), (None, False)])
def test_the_end_of_the_access_is_told_a_week_ahead(days: float | None, told: bool) -> None:
    """Consent that ends within a week, or ended, is told; what ends later, or never, is cleared."""
    ends_at = None if days is None else NOW + timedelta(days=days)
    telling = notices.on_consent(ends_at, NOW)
    assert (Kind.EXPIRING in telling.told, Kind.EXPIRING in telling.cleared) == (told, not told)
