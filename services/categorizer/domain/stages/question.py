"""Asking the user: an expense is posted to `other` meanwhile, and three categories are offered."""

from categorizer.domain import reasons
from categorizer.domain.case import Case
from categorizer.domain.catalogue import INCOME, MOST, OTHER
from categorizer.domain.decision import Decision, hundredths


def ask(case: Case) -> Decision:
    """Ask, naming what there is to go by; the last stage, which always answers."""
    opinion, said = case.opinion, case.said
    name = case.catalogue.name(case.view.ranking[0][0])
    if said and case.view.disagreement > case.thresholds.disagreement:
        return question(case, opinion.source, reasons.of_both(case, opinion, said))
    text = reasons.of_text(case)
    if opinion.mixed:
        return question(case, "merchant", f"{text} Was it {name}?")
    if said:
        words = f"{text} {reasons.of_plaid(case, said)}".lstrip()
        return question(case, "plaid_category", f"{words} Is it {name}?")
    if text:
        return question(case, opinion.source, f"{text} Is it {name}?")
    return question(case, "default", f"{reasons.NO_WORDS} Most payments like this are {name}.")


def question(case: Case, source: str, reason: str) -> Decision:
    """Return the question, with the likeliest categories to choose from."""
    sure = hundredths(case.view.ranking[0][1])
    return Decision(OTHER, sure, source, reason, needs_review=True, alternatives=offered(case))


def offered(case: Case) -> tuple[str, ...]:
    """Return three: what Plaid's words hint at where the text has none, then the likeliest and what is taken for it."""
    view, said = case.view, case.said
    wrong = {OTHER, INCOME} if case.transaction.amount > 0 else {OTHER}
    hinted = said.meaning.suggestions if said and case.opinion.source == "model" else ()
    likely = case.judge.suggestions(view.ranking, wrong)
    return tuple([one for one in dict.fromkeys((*hinted, *likely)) if one not in wrong])[:MOST]


def besides(case: Case, category: str) -> tuple[str, ...]:
    """Return what else it may have been, where a category stands without asking."""
    return tuple([one for one in offered(case) if one != category])[: MOST - 1]
