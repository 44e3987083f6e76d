"""What the direction of the money says: never spent twice, never called what it cannot be."""

from categorizer.domain import reasons
from categorizer.domain.case import Case
from categorizer.domain.catalogue import INCOME
from categorizer.domain.decision import Decision, hundredths
from categorizer.domain.stages.question import besides, question

PERHAPS = 0.25
"""Share of spending from which money that came in may be a refund, if a name says so."""


def contradiction(case: Case) -> Decision | None:
    """Money that went out is no income, whatever it is called: ask."""
    said = case.said
    if said is None or said.category != INCOME or case.transaction.amount <= 0:
        return None
    reason = f"Plaid calls it “{said.meaning.words}”, but the money went out: please say what it was."
    return question(case, "sign", reason)


def _perhaps_given_back(case: Case) -> bool:
    """Whether Plaid calls it spending and the text does not, or a name in it speaks of spending."""
    if case.view.disagreement > case.thresholds.disagreement:
        return True
    spent = sum(share for category, share in case.view.ranking if case.catalogue.is_expense(category))
    return bool(case.opinion.because) and spent > PERHAPS


def presumed_income(case: Case) -> Decision | None:
    """Money that came in and that is most likely no expense given back is none."""
    category, sure = case.view.ranking[0]
    if not case.transaction.money_in or case.catalogue.is_expense(category) or _perhaps_given_back(case):
        return None
    said, others = case.said, besides(case, category)
    if said is not None and said.category == category:
        reason = f"{reasons.of_plaid(case, said)} Money came in: no expense."
        return Decision(category, hundredths(sure), "plaid_category", reason, alternatives=others)
    words = reasons.of_text(case) or "Money came in and nothing says what for:"
    name = case.catalogue.name(category)
    reason = f"{words} presumed to be {name.lower()}." if words.endswith(":") else f"{words} Money came in: no expense."
    return Decision(category, hundredths(sure), "sign", reason, alternatives=others)
