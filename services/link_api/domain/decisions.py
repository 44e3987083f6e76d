"""What a user decided about an expense, and who has to hear when that changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that is the user's alone; without a category the automatic one counts."""

    category: str | None
    note: str | None
    excluded: bool
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """An expense with its user's decisions, and the transaction that it comes from."""

    expense_id: int
    transaction_id: int
    integration_id: int
    automatic: str
    decisions: Decisions

    @property
    def category(self) -> str:
        """The category that counts."""
        return self.decisions.category or self.automatic

    def after(self, changes: Mapping[str, Any]) -> "Standing":
        """Return it with these decisions changed, the others as they are."""
        return replace(self, decisions=replace(self.decisions, **changes))


@dataclass(frozen=True, slots=True)
class Change:
    """An expense before and after its user decided."""

    before: Standing
    after: Standing

    @property
    def corrects(self) -> bool:
        """Whether the user says something about its category that was not said before."""
        return self.before.decisions.category != self.after.decisions.category

    def redecides(self, nonexpense: Collection[str]) -> bool:
        """Whether it becomes an expense or stops being one, which its transaction must be decided anew for."""
        return (self.before.category in nonexpense) != (self.after.category in nonexpense)
