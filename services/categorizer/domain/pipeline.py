"""Choosing a category: small stages, the first that answers wins, and an answer that is not sure becomes a question."""

from dataclasses import dataclass, replace
from decimal import Decimal

from categorizer.domain.case import UNTAUGHT, Case, Stage, Taught, Thresholds
from categorizer.domain.catalogue import MOST, OTHER, Catalogue
from categorizer.domain.decision import Decision
from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import ALONE, Partners
from categorizer.domain.stages.memory import by_memory
from categorizer.domain.stages.plaid import plaid_category, vague_plaid_category
from categorizer.domain.stages.rules import by_rule
from categorizer.domain.stages.signs import contradiction, presumed_income
from categorizer.domain.text.judge import Judge
from categorizer.domain.transaction import Transaction

PIPELINE_VERSION = "2"
"""Moves on when the same transaction may get another answer: what was decided by an older one is decided anew."""

STAGES: tuple[Stage, ...] = (by_rule, by_memory, contradiction, plaid_category, vague_plaid_category, presumed_income)
UNEXPLAINED = Decision(OTHER, Decimal(0), "default", "Nothing says what this was.", needs_review=True)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Decides categories; asks the user where an expense's confidence is below the threshold."""

    catalogue: Catalogue
    judge: Judge
    thresholds: Thresholds

    def merchant(self, transaction: Transaction) -> Merchant:
        """Return whom the transaction's money went to or came from, as memory knows merchants."""
        return Merchant(transaction.merchant_entity_id, self.judge.read(transaction.name).key)

    def categorize(self, transaction: Transaction, taught: Taught = UNTAUGHT, partners: Partners = ALONE) -> Decision:
        """Return the first stage's answer, or the question that it comes to."""
        line = self.judge.read(transaction.name)
        opinion = self.judge.judge(line, transaction.amount)
        case = Case(transaction, line, opinion, taught, partners, self.catalogue, self.thresholds)
        for stage in STAGES:
            decision = stage(case)
            if decision is not None:
                return self._ask_if_unsure(decision)
        return UNEXPLAINED

    def _ask_if_unsure(self, decision: Decision) -> Decision:
        """Plaid's doubt is about which category, hardly about whether it is an expense at all: that stands."""
        sure = decision.needs_review or decision.confidence >= self.thresholds.of(decision.source)
        if sure or not self.catalogue.is_expense(decision.category):
            return decision
        return replace(
            decision,
            category=OTHER,
            reason=f"{decision.reason} Is it {self.catalogue.name(decision.category)}?",
            needs_review=True,
            alternatives=(decision.category, *decision.alternatives)[:MOST],
        )
