from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from categorizer import data
from categorizer.domain.decision import Decision
from categorizer.domain.expense import expense_of, payment_method, spent
from categorizer.domain.transaction import Transaction
from tests.categorizer.domain.test_catalogue import taxonomy
from tests.categorizer.domain.transactions import CARD, plaid, transaction

MEALS = Decision("meals", Decimal("0.98"), "plaid_category", "Because.")
PIPELINE = data.pipeline()
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=7)
CODES = st.sampled_from(list(taxonomy()))
LEVELS = st.sampled_from(["VERY_HIGH", "HIGH", "MEDIUM", "LOW", "UNKNOWN", None])
CURRENCIES = st.sampled_from([("USD", None), ("JPY", None), (None, "GBX"), (None, None)])


@given(amount=AMOUNTS, code=CODES, level=LEVELS, currency=CURRENCIES)
def test_sign_rule(
    amount: Decimal, code: tuple[str, str, str], level: str | None, currency: tuple[str | None, str | None]
) -> None:
    """An expense has its transaction's exact amount and currency; money out that is none is of no expense category."""
    version, primary, detailed = code
    row = transaction(
        amount=amount,
        iso_currency_code=currency[0],
        unofficial_currency_code=currency[1],
        **plaid(primary, detailed.removeprefix(f"{primary}_"), level, version),
    )
    decision = PIPELINE.categorize(row)
    draft = expense_of(row, decision, is_expense=PIPELINE.catalogue.is_expense(decision.category))
    if draft is None:
        assert amount == 0 or decision.category in {"income", "transfer", "debt_payment"}
        assert amount <= 0 or decision.category != "income"
    else:
        assert draft.amount.as_tuple() == amount.as_tuple()
        assert (draft.iso_currency_code, draft.unofficial_currency_code) == currency
        assert decision.category not in {"income", "transfer", "debt_payment"}


def test_spent() -> None:
    """Out is spent, in is refunded, nothing is nothing; what is no expense is None."""
    assert spent(Decimal("1.10"), is_expense=True) == Decimal("1.10")
    assert spent(Decimal("-1.10"), is_expense=True) == Decimal("-1.10")
    assert spent(Decimal("0.00"), is_expense=True) is None
    assert spent(Decimal("1.10"), is_expense=False) is None


@pytest.mark.parametrize(
    "none",
    [
        transaction(pending=True),
        transaction(removed=True),
        transaction(superseded=True),
        transaction(account=CARD._replace(enabled=False)),
        transaction(amount=Decimal(0)),
    ],
    ids=["pending", "removed", "superseded", "muted", "zero"],
)
def test_no_expense(none: Transaction) -> None:
    """What is pending, removed, posted under another id, of a muted account, or moved nothing, is no expense."""
    assert expense_of(none, MEALS, is_expense=True) is None


def test_fields() -> None:
    """An expense shows the bank's words, the merchant, and the day the user paid, not the day the bank booked it."""
    draft = expense_of(transaction(authorized_date=date(2026, 2, 28)), MEALS, is_expense=True)
    assert draft is not None
    assert (draft.description, draft.vendor) == ("CHIPOTLE 1234", "Chipotle")
    assert draft.expense_date == date(2026, 2, 28)
    unauthorized = expense_of(transaction(), MEALS, is_expense=True)
    assert unauthorized is not None
    assert unauthorized.expense_date == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("online", "credit card ••3333, online"),
        ("in store", "credit card ••3333, in store"),
        ("other", "credit card ••3333"),
        (None, "credit card ••3333"),
        ("telepathy", "credit card ••3333"),
    ],
)
def test_payment_method(channel: str | None, words: str) -> None:
    """The payment method names the account, and the channel where it says something."""
    assert payment_method(transaction(payment_channel=channel)) == words
