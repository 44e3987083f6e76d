from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from categorizer.domain.partners import ALONE, Counterpart, Partners, Purchase
from categorizer.domain.pipeline import Pipeline
from categorizer.domain.stages.partners import of_partners
from categorizer.domain.transaction import Account
from tests.categorizer.domain.transactions import CARD, transaction

CHECKING = Account(2, "depository", "checking", "0000", enabled=True)
LOAN = Account(3, "loan", "auto", None, enabled=True)
PAID = Purchase(9, "Lowe's", Decimal("89.9"), date(2026, 3, 3), "materials", Decimal("0.98"))


@pytest.mark.parametrize(
    ("own", "other", "amount", "category", "reason"),
    [
        (CHECKING, CARD, "320", "debt_payment", "The same 320.00 came into your credit card ••3333 on 3 March."),
        (CARD, CHECKING, "-320", "debt_payment", "The same 320.00 left your checking ••0000 on 3 March."),
        (CHECKING, LOAN, "320", "debt_payment", "The same 320.00 came into your auto on 3 March."),
        (CARD, CHECKING, "320.125", "transfer", "The same 320.125 came into your checking ••0000 on 3 March."),
        (CHECKING, CARD, "-320", "transfer", "The same 320.00 left your credit card ••3333 on 3 March."),
    ],
)
def test_the_account_that_receives_decides(
    own: Account, other: Account, amount: str, category: str, reason: str
) -> None:
    """Money that reaches a card or a loan pays a debt, money that leaves one is borrowed; both halves say the same."""
    row = transaction(account=own, amount=Decimal(amount))
    decision = of_partners(row, Partners(Counterpart(9, other, date(2026, 3, 3))))
    assert decision is not None
    assert (decision.category, decision.reason, decision.source) == (category, reason, "counterpart")
    mirror = of_partners(row._replace(account=other, amount=-row.amount), Partners(Counterpart(1, own, row.date)))
    assert mirror is not None
    assert mirror.category == category


def test_a_part_is_told_and_less_sure() -> None:
    """A refund of a part says so; it is less sure than one of the whole."""
    part = of_partners(transaction(amount=Decimal(-20)), Partners(purchase=PAID))
    whole = of_partners(transaction(amount=Decimal("-89.90")), Partners(purchase=PAID))
    assert part is not None
    assert whole is not None
    assert (part.reason, part.confidence) == ("Refund of 20.00 out of 89.90 from Lowe's on 3 March.", Decimal("0.9"))
    assert (whole.reason, whole.confidence) == ("Refund of 89.90 from Lowe's on 3 March.", Decimal("0.98"))
    assert whole.category == part.category == "materials"


def test_an_amount_is_written_as_its_currency_is() -> None:
    """Yen have no decimals."""
    back = of_partners(
        transaction(amount=Decimal(-500), iso_currency_code="JPY"),
        Partners(purchase=replace(PAID, amount=Decimal(8000))),
    )
    assert back is not None
    assert back.reason == "Refund of 500 out of 8000 from Lowe's on 3 March."


def test_alone(pipeline: Pipeline) -> None:
    """Without partners nothing follows from them, and the rest of the pipeline decides."""
    assert of_partners(transaction(), ALONE) is None
    assert pipeline.categorize(transaction()).category == "meals"
