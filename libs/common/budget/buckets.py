"""What a call is counted in: one bucket for each limit that holds for it, and how full it may get.

A bucket is a generic cell rate algorithm (ITU-T I.371): a call moves the moment at which it is empty by `pause`, and
may be made once that moment is no further off than `burst` pauses. No window then sees more calls than
burst + window / pause, so both are chosen to add up to the limit (a burst of less than one call counts as one, which is
still less than one call too many).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from common.limits import Limit, Limits, Scope
from common.plaid.spending import Priority, Spender

BURSTS = {Scope.ITEM: 0.2, Scope.CLIENT: 0.08, Scope.START: 0.08}
"""How much of a limit may be used at once; the rest is the steady rate. An item's pages come in bursts."""
SHARES = {Priority.INTERACTIVE: 1.0, Priority.SWEEP: 0.7, Priority.BACKFILL: 0.4}
"""How much of the burst each may use: what is left is for the more urgent. The steady rate is everybody's."""
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit, for one item or for the client."""

    key: str
    pause: float
    """Seconds between two calls at the steady rate."""
    burst: float
    """Calls at once when it is empty, at least one."""
    slack: float
    """Seconds that a call may be made after it was counted: no window sees one too many for it."""
    window: float
    """Seconds for which Plaid counts a call: whoever waits as long finds all of the limit."""
    of_item: bool
    """Whether it is one item's; else it is everybody's."""

    def allowance(self, priority: Priority) -> float:
        """Return how many seconds of calls, or one call, the bucket may hold when a call of this priority is made."""
        return self.burst * SHARES[priority] * self.pause


def buckets_of(limits: Limits, endpoint: str, spender: Spender, *, from_start: bool) -> list[Bucket]:
    """Return what the call is counted in; a call of no known item is counted for the client alone."""
    owners = {Scope.CLIENT: "client"}
    if spender.integration_id is not None:
        owners[Scope.ITEM] = f"integration {spender.integration_id}"
    if from_start:
        owners[Scope.START] = "client from the start"
    found: Sequence[Limit] = limits.get(endpoint, ())
    return [_bucket(endpoint, limit, owners[limit.scope]) for limit in found if limit.scope in owners]


def _bucket(endpoint: str, limit: Limit, owner: str) -> Bucket:
    at_once = limit.calls * BURSTS[limit.scope]
    pause = ceil(limit.seconds * MICROSECONDS / (limit.calls - at_once)) / MICROSECONDS  # as PostgreSQL counts
    key = f"{endpoint} in {limit.seconds:g} s: {owner}"
    slack = min(1.0, at_once) * pause / 2
    return Bucket(key, pause, max(1.0, at_once), slack, limit.seconds, of_item=limit.scope is Scope.ITEM)
