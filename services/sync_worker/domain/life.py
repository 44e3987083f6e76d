"""The life of an item as one table: its states, what can happen to it, and what a webhook about it asks of us.

Nothing else decides a status. The statements that write one name the happening, and take from here the states from
which it leads somewhere. Picture: docs/item-life.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What `plaid_integrations.status` says."""

    ACTIVE = "active"
    LOGIN_REQUIRED = "login_required"
    REVOKED = "revoked"
    REMOVING = "removing"
    DISCONNECTED = "disconnected"


class Happening(StrEnum):
    """What moves an item from one state to another; the words stand in the picture."""

    LOGIN_WORKS = "/item/get names no error"
    LOGIN_BROKE = "an error that its user must mend"
    GONE = "Plaid knows the item no more"
    UNWANTED = "its user disconnects it"
    REMOVED = "Plaid confirms the removal"


TABLE: Mapping[State, Mapping[Happening, State]] = {
    State.ACTIVE: {
        Happening.LOGIN_WORKS: State.ACTIVE,
        Happening.LOGIN_BROKE: State.LOGIN_REQUIRED,
        Happening.GONE: State.REVOKED,
        Happening.UNWANTED: State.REMOVING,
    },
    State.LOGIN_REQUIRED: {
        Happening.LOGIN_WORKS: State.ACTIVE,
        Happening.LOGIN_BROKE: State.LOGIN_REQUIRED,
        Happening.GONE: State.REVOKED,
        Happening.UNWANTED: State.REMOVING,
    },
    State.REVOKED: {
        Happening.LOGIN_WORKS: State.ACTIVE,
        Happening.LOGIN_BROKE: State.LOGIN_REQUIRED,
        Happening.GONE: State.REVOKED,
        Happening.UNWANTED: State.REMOVING,
    },
    State.REMOVING: {Happening.REMOVED: State.DISCONNECTED},
    State.DISCONNECTED: {},
}
"""What is not in it changes nothing: a message that came late meets a state where it means nothing any more."""

SYNCED = State.ACTIVE
"""The one state in which an item is synced."""
SEEN_TO = (State.ACTIVE, State.LOGIN_REQUIRED, State.REMOVING)
"""The states in which the clock sees to an item: by a sync, a look at /item/get, or /item/remove."""


def after(state: State, happening: Happening) -> State:
    """Return the state that follows; the same one where the happening means nothing."""
    return TABLE[state].get(happening, state)


def target(happening: Happening) -> State:
    """Return the one state that the happening leads to."""
    (state,) = {row[happening] for row in TABLE.values() if happening in row}
    return state


def sources(happening: Happening) -> list[State]:
    """Return the states in which the happening means something."""
    return [state for state, row in TABLE.items() if happening in row]


class Fact(StrEnum):
    """What a webhook tells that Plaid tells nowhere else."""

    DISCONNECTS = "when the item will be disconnected"
    ACCOUNT_REVOKED = "which account its user took back"
    NEW_ACCOUNTS = "the bank has accounts that are not shared"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What follows from a webhook besides a sync."""

    check_login: bool = True
    fact: Fact | None = None


ITEM_WEBHOOKS: Mapping[str, Hearing] = {
    "ERROR": Hearing(),
    "LOGIN_REPAIRED": Hearing(),
    "PENDING_EXPIRATION": Hearing(),
    "USER_PERMISSION_REVOKED": Hearing(),
    "PENDING_DISCONNECT": Hearing(fact=Fact.DISCONNECTS),
    "USER_ACCOUNT_REVOKED": Hearing(fact=Fact.ACCOUNT_REVOKED),
    "NEW_ACCOUNTS_AVAILABLE": Hearing(check_login=False, fact=Fact.NEW_ACCOUNTS),
    "WEBHOOK_UPDATE_ACKNOWLEDGED": Hearing(check_login=False),
}
"""plaid.com/docs/api/items/#webhooks. How the login stands is asked of /item/get, never believed in order."""


def hear(webhook_type: str, webhook_code: str) -> Hearing:
    """Return what follows; a code about the item that nobody knows yet is worth a look at its login."""
    if webhook_type != "ITEM":
        return Hearing(check_login=False)
    return ITEM_WEBHOOKS.get(webhook_code, Hearing())
