"""Choosing a category: small stages, the first that answers wins, and an answer that is not sure becomes a question."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from categorizer.domain.catalogue import INCOME, MOST, OTHER, Catalogue, Meaning
from categorizer.domain.transaction import Transaction
from common.category_rules import Rules

PIPELINE_VERSION = "1"
"""Moves on when the same transaction may get another answer: what was decided by an older one is decided anew."""

SURE = {
    "VERY_HIGH": Decimal("0.98"),
    "HIGH": Decimal("0.90"),
    "MEDIUM": Decimal("0.70"),
    "LOW": Decimal("0.50"),
}
UNSURE = Decimal("0.40")
"""For a confidence level that is unknown, new or missing."""
PRESUMED = Decimal("0.50")


@dataclass(frozen=True, slots=True)
class Decision:
    """A category, how sure we are (0 to 1), which stage said so, and why in plain words; `rule_id` is the user's rule.

    While it needs review the category is `other`, and the alternatives hold what it would have been.
    """

    category: str
    confidence: Decimal
    source: str
    reason: str
    needs_review: bool = False
    alternatives: tuple[str, ...] = field(default=(), compare=False)
    rule_id: int | None = None


Stage = Callable[[Transaction, Catalogue], Decision | None]


def _meaning(transaction: Transaction, catalogue: Catalogue) -> Meaning | None:
    return catalogue.meaning(transaction.pfc_version, transaction.pfc_primary, transaction.pfc_detailed)


def _confidence(transaction: Transaction) -> Decimal:
    return SURE.get(transaction.pfc_confidence or "", UNSURE)


def by_rule(transaction: Transaction, rules: Rules) -> Decision | None:
    """What the user laid down: as sure as anything, and before anything that others say, Plaid included."""
    rule = rules.first(transaction)
    if rule is None:
        return None
    return Decision(rule.category, Decimal(1), "rule", f"Your rule says so: {rule.words}.", rule_id=rule.id)


def contradiction(transaction: Transaction, catalogue: Catalogue) -> Decision | None:
    """Money that went out is no income, whatever it is called: ask."""
    meaning = _meaning(transaction, catalogue)
    if meaning is None or meaning.category != INCOME or transaction.money_in:
        return None
    reason = f"Plaid calls it “{meaning.words}”, but the money went out: please say what it was."
    return Decision(OTHER, Decimal(0), "sign", reason, needs_review=True)


def plaid_category(transaction: Transaction, catalogue: Catalogue) -> Decision | None:
    """Plaid's category, as sure as Plaid is of it."""
    meaning = _meaning(transaction, catalogue)
    if meaning is None or not meaning.decisive:
        return None
    level = (transaction.pfc_confidence or "unknown").lower().replace("_", " ")
    reason = f"Plaid calls it “{meaning.words}” with {level} confidence."
    return Decision(
        meaning.category, _confidence(transaction), "plaid_category", reason, alternatives=meaning.suggestions[1:]
    )


def vague_plaid_category(transaction: Transaction, catalogue: Catalogue) -> Decision | None:
    """A category that says too little, or one that we do not know yet: good for suggestions, never decides alone."""
    meaning = _meaning(transaction, catalogue)
    if meaning is None or (transaction.money_in and not meaning.suggestions):
        return None
    confidence = min(_confidence(transaction), PRESUMED)
    reason = f"Plaid calls it “{meaning.words}”, which says too little"
    if transaction.money_in and not catalogue.is_expense(meaning.category):
        return Decision(meaning.category, confidence, "plaid_category", f"{reason}, but money came in: no expense.")
    return Decision(
        OTHER, confidence, "plaid_category", f"{reason}.", needs_review=True, alternatives=meaning.suggestions
    )


def presumed_income(transaction: Transaction, _catalogue: Catalogue) -> Decision | None:
    """Money that came in and that nothing explains is no expense."""
    if not transaction.money_in:
        return None
    return Decision(INCOME, PRESUMED, "sign", "Money came in and nothing says what for: presumed to be income.")


STAGES: tuple[Stage, ...] = (contradiction, plaid_category, vague_plaid_category, presumed_income)
NO_RULES = Rules()
UNEXPLAINED = Decision(OTHER, Decimal(0), "default", "Nothing says what this was.", needs_review=True)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Decides categories; asks the user where an expense's confidence is below `review_below`."""

    catalogue: Catalogue
    review_below: Decimal

    def categorize(self, transaction: Transaction, rules: Rules = NO_RULES) -> Decision:
        """Return the answer of the user's rules, else the first stage's, or the question that it comes to."""
        ruled = by_rule(transaction, rules)
        if ruled is not None:
            return ruled
        for stage in STAGES:
            decision = stage(transaction, self.catalogue)
            if decision is not None:
                return self._ask_if_unsure(decision)
        return UNEXPLAINED

    def _ask_if_unsure(self, decision: Decision) -> Decision:
        """Plaid's doubt is about which category, hardly about whether it is an expense at all: that stands."""
        sure = decision.needs_review or decision.confidence >= self.review_below
        if sure or not self.catalogue.is_expense(decision.category):
            return decision
        return replace(
            decision,
            category=OTHER,
            reason=f"{decision.reason} Is it {self.catalogue.name(decision.category)}?",
            needs_review=True,
            alternatives=(decision.category, *decision.alternatives)[:MOST],
        )
