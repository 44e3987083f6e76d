"""What Plaid's personal finance category says (plaid.com/docs/transactions/pfc-migration)."""

from decimal import Decimal

from categorizer.domain.case import Case
from categorizer.domain.catalogue import OTHER, Meaning
from categorizer.domain.decision import Decision

SURE = {
    "VERY_HIGH": Decimal("0.98"),
    "HIGH": Decimal("0.90"),
    "MEDIUM": Decimal("0.70"),
    "LOW": Decimal("0.50"),
}
UNSURE = Decimal("0.40")
"""For a confidence level that is unknown, new or missing."""
VAGUE = Decimal("0.50")
"""The most that a category which says too little is worth."""


def meaning_of(case: Case) -> Meaning | None:
    """Return what Plaid's category of the transaction means among ours."""
    transaction = case.transaction
    return case.catalogue.meaning(transaction.pfc_version, transaction.pfc_primary, transaction.pfc_detailed)


def _confidence(case: Case) -> Decimal:
    return SURE.get(case.transaction.pfc_confidence or "", UNSURE)


def plaid_category(case: Case) -> Decision | None:
    """Plaid's category, as sure as Plaid is of it."""
    meaning = meaning_of(case)
    if meaning is None or not meaning.decisive:
        return None
    level = (case.transaction.pfc_confidence or "unknown").lower().replace("_", " ")
    reason = f"Plaid calls it “{meaning.words}” with {level} confidence."
    return Decision(meaning.category, _confidence(case), "plaid_category", reason, alternatives=meaning.suggestions[1:])


def vague_plaid_category(case: Case) -> Decision | None:
    """A category that says too little, or one that we do not know yet: good for suggestions, never decides alone."""
    meaning, money_in = meaning_of(case), case.transaction.money_in
    if meaning is None or (money_in and not meaning.suggestions):
        return None
    confidence = min(_confidence(case), VAGUE)
    reason = f"Plaid calls it “{meaning.words}”, which says too little"
    if money_in and not case.catalogue.is_expense(meaning.category):
        return Decision(meaning.category, confidence, "plaid_category", f"{reason}, but money came in: no expense.")
    return Decision(
        OTHER, confidence, "plaid_category", f"{reason}.", needs_review=True, alternatives=meaning.suggestions
    )
