"""What the words of the bank's line say, before Plaid's category and after it."""

from categorizer.domain import reasons
from categorizer.domain.case import Case
from categorizer.domain.decision import Decision, hundredths
from categorizer.domain.stages.question import besides


def by_phrase(case: Case) -> Decision | None:
    """A phrase by which banks call movements of money: `OVERDRAFT FEE`."""
    return _decided(case) if case.opinion.source == "phrase" else None


def by_merchant(case: Case) -> Decision | None:
    """A merchant whom we know by name; one that sells everything does not decide."""
    return _decided(case) if case.opinion.source == "merchant" else None


def by_words(case: Case) -> Decision | None:
    """Words of a trade, and what words like these mostly mean, with Plaid's category where they agree."""
    return _decided(case) if case.opinion.source in ("keyword", "model") else None


def _decided(case: Case) -> Decision | None:
    opinion, ranking = case.opinion, case.view.ranking
    if opinion.mixed or ranking[0][0] != opinion.category or not case.settled:
        return None
    reason = reasons.of_text(case) or f"Words like these mostly mean {case.catalogue.name(opinion.category)}."
    others = besides(case, opinion.category)
    return Decision(opinion.category, hundredths(ranking[0][1]), opinion.source, reason, alternatives=others)
