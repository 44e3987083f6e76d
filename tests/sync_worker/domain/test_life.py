"""The table of an item's life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain import life
from sync_worker.domain.life import ITEM_WEBHOOKS, TABLE, Fact, Happening, State

WEBHOOKS = {
    "ERROR": (True, None),
    "LOGIN_REPAIRED": (True, None),
    "PENDING_DISCONNECT": (True, Fact.DISCONNECTS),
    "PENDING_EXPIRATION": (True, None),
    "USER_PERMISSION_REVOKED": (True, None),
    "USER_ACCOUNT_REVOKED": (True, Fact.ACCOUNT_REVOKED),
    "NEW_ACCOUNTS_AVAILABLE": (False, Fact.NEW_ACCOUNTS),
    "WEBHOOK_UPDATE_ACKNOWLEDGED": (False, None),
}
"""Plaid's ITEM webhooks (plaid.com/docs/api/items/#webhooks): is the login looked at, and what is kept?"""


@pytest.mark.parametrize("code", WEBHOOKS)
def test_every_item_webhook_has_its_row(code: str) -> None:
    """Each code that Plaid documents is treated as it should be."""
    hearing = life.hear("ITEM", code)
    assert (hearing.check_login, hearing.fact) == WEBHOOKS[code]


def test_no_row_is_made_up() -> None:
    """The table holds what Plaid documents and nothing else; an unknown code is worth a look at the login."""
    assert ITEM_WEBHOOKS.keys() == WEBHOOKS.keys()
    assert life.hear("ITEM", "A_CODE_OF_TOMORROW").check_login
    assert not life.hear("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE").check_login


def test_every_state_is_in_the_table() -> None:
    """No state lacks its row, and what the user no longer wants never comes back."""
    assert set(TABLE) == set(State)
    assert TABLE[State.DISCONNECTED] == {}
    assert set(TABLE[State.REMOVING].values()) == {State.DISCONNECTED}


@given(st.sampled_from(State), st.lists(st.sampled_from(Happening)))
def test_disconnecting_is_final(state: State, happenings: list[Happening]) -> None:
    """Once unwanted, an item ends disconnected or is still being removed, whatever happens, in whatever order."""
    state = life.after(state, Happening.UNWANTED)
    for happening in happenings:
        state = life.after(state, happening)
    assert state in {State.REMOVING, State.DISCONNECTED}


@given(st.sampled_from([State.ACTIVE, State.LOGIN_REQUIRED, State.REVOKED]), st.lists(st.sampled_from(Happening)))
def test_only_a_look_at_plaid_brings_an_item_back(state: State, happenings: list[Happening]) -> None:
    """What waits for its user is synced again when /item/get says that the login works, and not before."""
    for happening in happenings:
        before, state = state, life.after(state, happening)
        if before != state == State.ACTIVE:
            assert happening is Happening.LOGIN_WORKS


@pytest.mark.parametrize("happening", Happening)
def test_a_happening_leads_to_one_state(happening: Happening) -> None:
    """Statements name a happening: where it leads and where from is one answer each."""
    assert life.sources(happening)
    assert {life.after(state, happening) for state in life.sources(happening)} == {life.target(happening)}
