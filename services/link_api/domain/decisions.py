"""What a user decided about an expense, and who has to hear when that changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that is the user's alone; without a category the automatic one counts.

    `confirmed` is the automatic category that stood when it was reviewed; `answered_at` is when the answer was given.
    """

    category: str | None
    note: str | None
    excluded: bool
    reviewed: bool
    confirmed: str | None = None
    answered_at: datetime | None = None

    @property
    def answer(self) -> str | None:
        """What the user said that it is, which future transactions of the merchant go by; None: nothing."""
        return self.category or self.confirmed


@dataclass(frozen=True, slots=True)
class Standing:
    """An expense with its user's decisions, and the transaction that it comes from.

    `automatic` is the category that we chose, `source` the stage that chose it; `asks`: we asked instead.
    """

    expense_id: int
    transaction_id: int
    integration_id: int
    automatic: str
    source: str
    asks: bool
    decisions: Decisions

    @property
    def category(self) -> str:
        """The category that counts."""
        return self.decisions.category or self.automatic

    def after(self, changes: Mapping[str, Any], at: datetime) -> "Standing":
        """Return it with these decisions changed at that moment, the others as they are.

        To review what stands confirms the category that we chose; to put a question away says nothing of any.
        """
        before, now = self.decisions, replace(self.decisions, **changes)
        if not now.reviewed:
            now = replace(now, confirmed=None)
        elif not before.reviewed and now.category is None and not self.asks:
            now = replace(now, confirmed=self.automatic)
        said = now.answer != before.answer or (now.reviewed and not before.reviewed)
        answered_at = at if said else before.answered_at
        return replace(self, decisions=replace(now, answered_at=answered_at if now.answer else None))

    def restored(self, category: str | None, answered_at: datetime | None) -> "Standing":
        """Return it with the category that it had, and when that was said."""
        return replace(self, decisions=replace(self.decisions, category=category, answered_at=answered_at))


@dataclass(frozen=True, slots=True)
class Change:
    """An expense before and after its user decided."""

    before: Standing
    after: Standing

    @property
    def corrects(self) -> bool:
        """Whether the user says something about its category that was not said before."""
        return self.before.decisions.answer != self.after.decisions.answer

    @property
    def verdict(self) -> Literal["confirmed", "corrected"] | None:
        """What the user's first answer says of the category that we chose; None where we asked, or this is no first."""
        answer = self.after.decisions.answer
        if answer is None or self.before.decisions.answer is not None or self.before.asks:
            return None
        return "confirmed" if answer == self.before.automatic else "corrected"

    def redecides(self, nonexpense: Collection[str]) -> bool:
        """Whether it becomes an expense or stops being one, which its transaction must be decided anew for."""
        return (self.before.category in nonexpense) != (self.after.category in nonexpense)
