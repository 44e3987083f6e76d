"""Why, in plain words: what users read beside a category."""

from categorizer.domain.case import Case
from categorizer.domain.evidence import Said
from categorizer.domain.text.evidence import Opinion

NO_WORDS = "Nothing in its name says what this was."


def of_text(case: Case) -> str:
    """Return what the text says, in a sentence; empty where no name in it is known."""
    opinion = case.opinion
    if not opinion.because:
        processor = case.line.processor
        return f"Most payments through {processor} are {case.catalogue.name(opinion.category)}." if processor else ""
    name = opinion.because[0]
    if opinion.source == "phrase":
        return f"The bank calls it “{name}”."
    if opinion.source != "merchant":
        return f"The name says “{name}”."
    if opinion.mixed:
        return f"“{name}” sells many kinds of things."
    return f"“{name}” {case.catalogue.merchants(opinion.category)}."


def of_plaid(case: Case, said: Said) -> str:
    """Return what Plaid says, in a sentence."""
    if not said.meaning.decisive:
        return f"Plaid calls it “{said.meaning.words}”, which says too little."
    level = (case.transaction.pfc_confidence or "unknown").lower().replace("_", " ")
    return f"Plaid calls it “{said.meaning.words}” with {level} confidence."


def of_both(case: Case, opinion: Opinion, said: Said) -> str:
    """Return in which they differ."""
    names = case.catalogue.name(opinion.category), case.catalogue.name(said.category)
    return f"{of_text(case)} Plaid calls it “{said.meaning.words}”. Is it {names[0]}, or {names[1]}?"
