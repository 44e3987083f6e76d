"""What the direction of the money says: never spent twice, never called what it cannot be."""

from decimal import Decimal

from categorizer.domain.case import Case
from categorizer.domain.catalogue import INCOME, OTHER
from categorizer.domain.decision import Decision
from categorizer.domain.stages.plaid import meaning_of

PRESUMED = Decimal("0.50")


def contradiction(case: Case) -> Decision | None:
    """Money that went out is no income, whatever it is called: ask."""
    meaning = meaning_of(case)
    if meaning is None or meaning.category != INCOME or case.transaction.money_in:
        return None
    reason = f"Plaid calls it “{meaning.words}”, but the money went out: please say what it was."
    return Decision(OTHER, Decimal(0), "sign", reason, needs_review=True)


def presumed_income(case: Case) -> Decision | None:
    """Money that came in and that nothing explains is no expense."""
    if not case.transaction.money_in:
        return None
    return Decision(INCOME, PRESUMED, "sign", "Money came in and nothing says what for: presumed to be income.")
