"""Choosing a category: small stages, the first that answers wins, and the last one asks the user."""

from dataclasses import dataclass, field

from categorizer.domain.case import UNTAUGHT, Case, Stage, Taught, Thresholds
from categorizer.domain.catalogue import Catalogue
from categorizer.domain.decision import Decision
from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import ALONE, Partners
from categorizer.domain.reliability import Reliability
from categorizer.domain.stages.memory import by_memory
from categorizer.domain.stages.partners import by_partners
from categorizer.domain.stages.plaid import by_plaid
from categorizer.domain.stages.question import ask
from categorizer.domain.stages.rules import by_rule
from categorizer.domain.stages.signs import contradiction, presumed_income
from categorizer.domain.stages.text import by_merchant, by_phrase, by_words
from categorizer.domain.text.judge import Judge
from categorizer.domain.transaction import Transaction

PIPELINE_VERSION = "3"
"""Moves on when the same transaction may get another answer: what was decided by an older one is decided anew."""

STAGES: tuple[Stage, ...] = (
    by_rule,
    by_partners,
    by_memory,
    contradiction,
    by_phrase,
    by_merchant,
    by_plaid,
    by_words,
    presumed_income,
)
"""In their order; whoever none of them answers is asked."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Decides categories; asks the user where it is not sure enough."""

    catalogue: Catalogue
    judge: Judge
    thresholds: Thresholds
    reliability: Reliability = field(default_factory=Reliability)
    version: str = PIPELINE_VERSION
    """Of this code and its tables, and of a deployment's own model of words: what a decision is kept with."""

    def merchant(self, transaction: Transaction) -> Merchant:
        """Return whom the transaction's money went to or came from, as memory knows merchants."""
        return Merchant(transaction.merchant_entity_id, self.judge.read(transaction.name).key)

    def categorize(self, transaction: Transaction, taught: Taught = UNTAUGHT, partners: Partners = ALONE) -> Decision:
        """Return the first stage's answer, or the question that it comes to."""
        case = Case(transaction, taught, partners, self.judge, self.catalogue, self.reliability, self.thresholds)
        for stage in STAGES:
            decision = stage(case)
            if decision is not None:
                return decision
        return ask(case)
