"""What its user is told about an item, and when that stops being so. Each stands once, until what it tells is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sync_worker.domain.life import State
from sync_worker.domain.schedule import COMPLETE, INITIAL


class Kind(StrEnum):
    """The kinds of notifications."""

    INITIAL_COMPLETE = "initial_complete"
    HISTORY_COMPLETE = "history_complete"
    LOGIN_REQUIRED = "login_required"
    EXPIRING = "expiring"
    REVOKED = "revoked"
    ACCOUNT_REVOKED = "account_revoked"
    REPAIRED = "repaired"
    NEW_ACCOUNTS = "new_accounts"
    INSTITUTION_DOWN = "institution_down"


EXPIRY_NOTICE = timedelta(days=7)
"""Plaid itself tells a week ahead (PENDING_EXPIRATION, PENDING_DISCONNECT)."""

ONCE = frozenset({Kind.INITIAL_COMPLETE, Kind.HISTORY_COMPLETE})
"""Told once in an item's life; all others once each time."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What begins to stand and what stands no longer."""

    told: frozenset[Kind] = frozenset()
    cleared: frozenset[Kind] = frozenset()


NOTHING = Telling()

ARRIVALS: Mapping[State, Telling] = {
    State.ACTIVE: Telling(frozenset({Kind.REPAIRED}), frozenset({Kind.LOGIN_REQUIRED, Kind.REVOKED})),
    State.LOGIN_REQUIRED: Telling(
        frozenset({Kind.LOGIN_REQUIRED}), frozenset({Kind.REPAIRED, Kind.REVOKED, Kind.INSTITUTION_DOWN})
    ),
    State.REVOKED: Telling(frozenset({Kind.REVOKED}), frozenset(Kind) - ONCE - {Kind.REVOKED}),
    State.DISCONNECTED: Telling(cleared=frozenset(Kind)),
}

REPAIR = Telling(cleared=frozenset({Kind.EXPIRING, Kind.NEW_ACCOUNTS, Kind.ACCOUNT_REVOKED}))
"""Link's update mode ended well: consent is new, and the user has chosen the accounts."""
TROUBLE = Telling(told=frozenset({Kind.INSTITUTION_DOWN}))
"""The item's institution fails, and is left alone for a while."""
SUCCESS = Telling(cleared=frozenset({Kind.INSTITUTION_DOWN}))
"""A sync succeeded."""


def on_arrival(before: State, after: State) -> Telling:
    """Return what a change of state tells; no change tells nothing."""
    return NOTHING if before == after else ARRIVALS.get(after, NOTHING)


def on_stage(before: str, after: str) -> Telling:
    """Return what an item's stage tells: the first transactions are here, then all history is."""
    if before in (after, COMPLETE):
        return NOTHING
    if after == COMPLETE:
        return Telling(ONCE, frozenset({Kind.INITIAL_COMPLETE}))
    return Telling(frozenset({Kind.INITIAL_COMPLETE})) if after == INITIAL else NOTHING


def on_consent(ends_at: datetime | None, now: datetime, *, announced: bool = False) -> Telling:
    """Return what the nearest end of the access tells; one that Plaid announced is told however far off it is."""
    expiring = frozenset({Kind.EXPIRING})
    near = ends_at is not None and ends_at <= now + EXPIRY_NOTICE
    return Telling(told=expiring) if near or announced else Telling(cleared=expiring)
