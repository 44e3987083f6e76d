"""What a run leaves to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.crowd.listeners import Heard
from bench.crowd.people import Links
from bench.crowd.plan import Plan
from bench.crowd.postman import Postman
from bench.crowd.staff import Staff
from bench.crowd.times import Syncs, Waits
from bench.crowd.traffic import Traffic
from bench.crowd.watch import Watch


class Cast(NamedTuple):
    """Who took part, with what each counted."""

    traffic: Traffic
    postman: Postman
    staff: Staff
    watch: Watch


@dataclass(frozen=True, slots=True)
class Ending:
    """How far it came to rest: seconds until then, what was left over if it did not, and the bank's truth beside."""

    seconds: float
    left: str
    transactions: int
    lost: int
    doubled: int


@dataclass(frozen=True, slots=True)
class Bells:
    """What the bank itself saw of its latest webhooks: how many it sent, and what came back that was not 200."""

    sent: int
    refused: Sequence[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured in one run."""

    plan: Plan
    links: Links
    imported: float
    """Seconds from the first link until every expense of all imports stood as the bank has it."""
    cast: Cast
    heard: Heard
    ending: Ending
    bells: Bells
    syncs: Syncs
    waits: Waits
    strangers: int
    """Items of nobody that somebody rang for: forged webhooks that were believed."""
