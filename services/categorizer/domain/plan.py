"""From what stands to what must be written: nothing where nothing differs, so that every message may come again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from categorizer.domain.case import UNTAUGHT, Taught
from categorizer.domain.decision import Decision
from categorizer.domain.expense import ExpenseDraft, expense_of
from categorizer.domain.partners import ALONE, Partners
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.domain.transaction import Transaction

Outcome = Literal["posted", "changed", "withdrawn", "returned", "unseen"]
"""What became of an expense; `unseen` is what its user cannot notice."""


@dataclass(frozen=True, slots=True)
class Expense:
    """An expense as it stands; a withdrawn one is kept, with all that its user decided."""

    id: int
    draft: ExpenseDraft
    pipeline_version: str
    withdrawn: bool
    user_category: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A transaction, its version and the one decided last, and the expense that it has or had."""

    transaction: Transaction
    version: int
    decided_version: int
    linked_expense_id: int | None
    expense: Expense | None
    partners: Partners = ALONE

    @property
    def kept(self) -> Decision | None:
        """The decision that still holds: for this version, by this pipeline."""
        if self.expense is None or self.decided_version < self.version:
            return None
        return self.expense.draft.decision if self.expense.pipeline_version == PIPELINE_VERSION else None


@dataclass(frozen=True, slots=True)
class Posting:
    """An expense's row as it must become."""

    draft: ExpenseDraft
    withdrawn: bool
    outcome: Outcome


def plan(known: Iterable[Known], pipeline: Pipeline, taught: Taught = UNTAUGHT) -> list[Posting]:
    """Return the writes that make the expenses equal to what their transactions say, and nothing more."""
    return [posting for one in known if (posting := _posting(one, pipeline, taught)) is not None]


def _posting(known: Known, pipeline: Pipeline, taught: Taught) -> Posting | None:
    before = known.expense
    decision = known.kept or pipeline.categorize(known.transaction, taught, known.partners)
    category = (before and before.user_category) or decision.category
    merchant = pipeline.merchant(known.transaction)
    is_expense = pipeline.catalogue.is_expense(category)
    draft = expense_of(known.transaction, decision, is_expense=is_expense, merchant=merchant)
    if before is None:
        return Posting(draft, withdrawn=False, outcome="posted") if draft else None
    # What is withdrawn keeps its last face, but takes the new decision: a kept one must not bring back what is none.
    after, withdrawn = draft or replace(before.draft, decision=decision, merchant=merchant), draft is None
    outcome = _outcome(before, after, withdrawn=withdrawn)
    same = after == before.draft and merchant == before.draft.merchant
    if outcome == "unseen" and same and before.pipeline_version == PIPELINE_VERSION:
        return None
    return Posting(after, withdrawn, outcome)


def _outcome(before: Expense, after: ExpenseDraft, *, withdrawn: bool) -> Outcome:
    if withdrawn:
        return "unseen" if before.withdrawn else "withdrawn"
    if before.withdrawn:
        return "returned"
    return "unseen" if after == before.draft else "changed"
