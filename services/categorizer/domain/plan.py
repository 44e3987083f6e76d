"""From what stands to what must be written: nothing where nothing differs, so that every message may come again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from categorizer.domain.case import UNTAUGHT, Taught
from categorizer.domain.decision import Decision
from categorizer.domain.expense import ExpenseDraft, expense_of
from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import ALONE, UNLINKED, Links, Partners
from categorizer.domain.pipeline import Pipeline
from categorizer.domain.stages.partners import of_partners
from categorizer.domain.transaction import Transaction
from categorizer.domain.transfers import Half, look

Outcome = Literal["posted", "changed", "withdrawn", "returned", "unseen"]
"""What became of an expense; `unseen` is what its user cannot notice."""
FOLLOWS = frozenset({"counterpart", "refund"})
"""Sources of decisions that follow from partners."""


@dataclass(frozen=True, slots=True)
class Expense:
    """An expense as it stands; a withdrawn one is kept, with all that its user decided.

    `settled`: its user has chosen its category, or confirmed it.
    """

    id: int
    draft: ExpenseDraft
    pipeline_version: str
    withdrawn: bool
    user_category: str | None
    settled: bool = False

    def current(self, version: str) -> bool:
        """Whether the pipeline of this version has nothing to say to it."""
        return self.settled or self.pipeline_version == version


class Known(NamedTuple):
    """A transaction, its version and the one decided last, and the expense that it has or had.

    `links` are those that stand, `partners` what is found now; `key` is Plaid's id of the transaction.
    """

    transaction: Transaction
    version: int
    decided_version: int
    linked_expense_id: int | None
    expense: Expense | None
    partners: Partners = ALONE
    links: Links = UNLINKED
    key: str = ""
    integration_id: int = 0

    def kept(self, pipeline_version: str) -> Decision | None:
        """Return the decision that still holds: for this version, by this pipeline or with the user's word for it."""
        if self.expense is None or self.decided_version < self.version:
            return None
        return self.expense.draft.decision if self.expense.current(pipeline_version) else None


@dataclass(frozen=True, slots=True)
class Posting:
    """An expense's row as it must become."""

    draft: ExpenseDraft
    withdrawn: bool
    outcome: Outcome


class Desk:
    """Decides about transactions as a user taught, for each with its partners once."""

    def __init__(
        self, pipeline: Pipeline, taught: Taught = UNTAUGHT, merchants: Mapping[int, Merchant] | None = None
    ) -> None:
        """Take the merchants that are known already, by transaction."""
        self._pipeline = pipeline
        self._taught = taught
        self._merchants = dict(merchants or {})
        self._decisions: dict[tuple[int, Links], Decision] = {}

    @property
    def version(self) -> str:
        """The version of the pipeline that decides here."""
        return self._pipeline.version

    def decision(self, known: Known) -> Decision:
        """Return the decision that stands if its partners are the same, else the pipeline's."""
        key = known.transaction.id, known.partners.links
        if key not in self._decisions:
            self._decisions[key] = self._standing(known) or self._pipeline.categorize(
                known.transaction, self._taught, known.partners
            )
        return self._decisions[key]

    def _standing(self, known: Known) -> Decision | None:
        """Return what was decided, if it holds with these partners; what follows from partners follows anew."""
        kept = known.kept(self.version)
        if kept is None or known.links != known.partners.links:
            return None
        return of_partners(known.transaction, known.partners) if kept.source in FOLLOWS else kept

    def counts(self, known: Known) -> bool:
        """Return whether the category that counts, the user's before ours, is one of spending."""
        category = known.expense and known.expense.user_category
        return self._pipeline.catalogue.is_expense(category or self.decision(known).category)

    def merchant(self, known: Known) -> Merchant:
        """Return whom the money went to or came from."""
        id_ = known.transaction.id
        if id_ not in self._merchants:
            self._merchants[id_] = self._pipeline.merchant(known.transaction)
        return self._merchants[id_]

    def refunds(self, known: Known) -> bool:
        """Return whether money came back for spending, by itself; one that is linked does, until its user says else."""
        if not known.transaction.money_in or not known.transaction.stands or known.partners.counterpart is not None:
            return False
        user_category = known.expense and known.expense.user_category
        kept = known.kept(self.version)
        linked = kept is not None and kept.source == "refund"
        return True if linked and not user_category else self.counts(known)

    def half(self, known: Known) -> Half:
        """Return the transaction as half of a transfer; one that its user calls spending is none."""
        judge, transaction = self._pipeline.judge, known.transaction
        line = judge.read(transaction.name)
        category = known.expense and known.expense.user_category
        spent = bool(category) and self._pipeline.catalogue.is_expense(category or "")
        return Half(known.key, transaction, look(transaction, line, judge.judge(line, transaction.amount), spent=spent))

    def posting(self, known: Known) -> Posting | None:
        """Return the write that makes the expense equal to what its transaction says; None where nothing differs."""
        before, decision, merchant = known.expense, self.decision(known), self.merchant(known)
        draft = expense_of(known.transaction, decision, is_expense=self.counts(known), merchant=merchant)
        if before is None:
            return Posting(draft, withdrawn=False, outcome="posted") if draft else None
        # What is withdrawn keeps its last face, but takes the new decision: a kept one must not bring it back.
        after, withdrawn = draft or replace(before.draft, decision=decision, merchant=merchant), draft is None
        outcome = _outcome(before, after, withdrawn=withdrawn)
        same = after == before.draft and merchant == before.draft.merchant
        if outcome == "unseen" and same and before.current(self.version):
            return None
        return Posting(after, withdrawn, outcome)

    def postings(self, known: Iterable[Known]) -> list[Posting]:
        """Return the writes that are needed, and nothing more."""
        return [posting for one in known if (posting := self.posting(one)) is not None]


def plan(known: Iterable[Known], pipeline: Pipeline, taught: Taught = UNTAUGHT) -> list[Posting]:
    """Return the writes that make the expenses equal to what their transactions say, and nothing more."""
    return Desk(pipeline, taught).postings(known)


def _outcome(before: Expense, after: ExpenseDraft, *, withdrawn: bool) -> Outcome:
    if withdrawn:
        return "unseen" if before.withdrawn else "withdrawn"
    if before.withdrawn:
        return "returned"
    return "unseen" if after == before.draft else "changed"
