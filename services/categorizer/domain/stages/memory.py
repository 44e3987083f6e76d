"""What the user has answered about the merchant before."""

from decimal import Decimal

from categorizer.domain.case import Case
from categorizer.domain.catalogue import INCOME, MOST, OTHER
from categorizer.domain.decision import Decision
from categorizer.domain.memory import SETTLED, Recall, together

MOST_SURE = 0.99
"""Only what the user says about the transaction itself is certain."""


def remembered(case: Case) -> Recall | None:
    """Return what the user's answers about the merchant come to; money that went out is no income, for them too."""
    transaction = case.transaction
    if not case.taught.memory:
        return None
    found = case.taught.memory.recall(
        case.merchant, money_in=transaction.money_in, on=transaction.date, but=transaction.id
    )
    return None if found is None or (found.category == INCOME and not transaction.money_in) else found


def by_memory(case: Case) -> Decision | None:
    """The user's answer, before anything that lexicon and Plaid say; a question where it settles too little."""
    recall = remembered(case)
    if recall is None:
        return None
    confidence, doubt = _confidence(case, recall), _doubt(case, recall)
    said = _words(case, recall)
    if (doubt and recall.agreeing < SETTLED) or confidence < case.thresholds.memory_below:
        name = case.catalogue.name(recall.category)
        reason = f"{said}{doubt or ', which is long ago'}. Is it {name}?"
        return Decision(OTHER, confidence, "memory", reason, needs_review=True, alternatives=_others(case, recall))
    return Decision(recall.category, confidence, "memory", f"{said}{doubt}.", alternatives=_others(case, recall)[1:])


def _confidence(case: Case, recall: Recall) -> Decimal:
    """Memory, and the text where it agrees; what contradicts a user makes them no less right."""
    sure = recall.confidence
    if case.opinion.category == recall.category and not case.opinion.mixed:
        sure = together(sure, case.opinion.confidence)
    return Decimal(format(min(sure, MOST_SURE), ".2f"))


def _doubt(case: Case, recall: Recall) -> str:
    """Return why one answer says too little, in words; empty where it says enough."""
    if recall.divided:
        return f", and {case.catalogue.name(recall.others[0])} before"
    many = case.opinion.mixed or case.merchant.is_means
    return ", but it can be many things" if many else ""


def _words(case: Case, recall: Recall) -> str:
    merchant = case.transaction.merchant_name or case.transaction.name
    often = "last time" if recall.agreeing == 1 else f"the last {recall.agreeing} times"
    return f"You chose {case.catalogue.name(recall.category)} for {merchant} {often}"


def _others(case: Case, recall: Recall) -> tuple[str, ...]:
    """The likeliest categories: as the user answered, then as the text sounds."""
    read = (category for category, _ in case.opinion.ranking if category != OTHER)
    return tuple(dict.fromkeys((recall.category, *recall.others, *read)))[:MOST]
