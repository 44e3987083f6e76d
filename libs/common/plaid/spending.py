"""For whom a call of Plaid is made, and who says whether Plaid's rate limits have room for it now."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import IntEnum
from typing import Protocol

from common.plaid.errors import Details, PlaidError, RetryLater


class Priority(IntEnum):
    """Who goes first when the budget is short."""

    INTERACTIVE = 0
    """A user or a webhook waits for it."""
    SWEEP = 1
    BACKFILL = 2
    """Audits and re-reads of a whole history."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Whose call it is: of which integration if of one, how urgent, and how long it may wait for its turn.

    Patience is for seconds: a turn that is far off holds up whoever else shares one of the limits.
    """

    integration_id: int | None = None
    priority: Priority = Priority.INTERACTIVE
    patience: timedelta = timedelta(0)

    def waiting(self, patience: timedelta) -> "Spender":
        """Return the same spender with other patience."""
        return replace(self, patience=patience)


class OverBudget(RetryLater):
    """The call was not made: Plaid's rate limits, shared by all workers, have no room before `wait`."""

    def __init__(self, endpoint: str, wait: timedelta) -> None:
        seconds = wait.total_seconds()
        message = f"no room within Plaid's rate limit of {endpoint} for {seconds:.1f} s; nothing is lost"
        super().__init__(Details(0, "RATE_LIMIT_EXCEEDED", "OVER_BUDGET", message, retry_after=seconds))
        self.wait = wait


class Budget(Protocol):
    """Plaid's rate limits as all processes of a deployment share them."""

    async def take(self, endpoint: str, spender: Spender, *, from_start: bool) -> None:
        """Return when the call may be made, or raise OverBudget at once when that is further off than its patience.

        `endpoint` is Plaid's path; `from_start`: a sync without a cursor, which has a limit of its own.
        """

    async def learn(self, endpoint: str, spender: Spender, error: PlaidError, *, from_start: bool) -> None:
        """Take note that Plaid refused or failed the call: after a 429 everybody goes slower for a while."""


class Unmetered:
    """No budget at all: for processes whose calls are few and must not wait for a database."""

    async def take(self, endpoint: str, spender: Spender, *, from_start: bool) -> None:
        """Return at once."""

    async def learn(self, endpoint: str, spender: Spender, error: PlaidError, *, from_start: bool) -> None:
        """Forget it."""
