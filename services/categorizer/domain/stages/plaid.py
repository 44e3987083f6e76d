"""What Plaid's personal finance category says (plaid.com/docs/transactions/pfc-migration), with the text beside it."""

from categorizer.domain import reasons
from categorizer.domain.case import Case
from categorizer.domain.decision import Decision, hundredths
from categorizer.domain.stages.question import besides


def by_plaid(case: Case) -> Decision | None:
    """Plaid's category, if it says enough, and text does not speak against it.

    Plaid's doubt about income, transfers and debts is about which of them it is, hardly about whether it is an expense:
    they stand.
    """
    said = case.said
    if said is None or not said.meaning.decisive:
        return None
    category, sure = case.view.ranking[0]
    is_expense = case.catalogue.is_expense
    stands = not is_expense(said.category) and not is_expense(category)
    doubted = case.view.disagreement > case.thresholds.disagreement
    if doubted or not (stands or (category == said.category and case.settled)):
        return None
    words = f"{reasons.of_text(case)} " if case.opinion.because and case.opinion.category == category else ""
    reason = f"{words}{reasons.of_plaid(case, said)}"
    others = besides(case, category)
    return Decision(category, hundredths(sure), "plaid_category", reason, alternatives=others)
