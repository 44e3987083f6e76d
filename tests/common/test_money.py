from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("45.9", "USD", "45.90"),
        ("110", "USD", "110.00"),
        ("-3.5", "USD", "-3.50"),
        ("10.021521", "USD", "10.021521"),
        ("10.0200000", "USD", "10.02"),
        ("1200", "JPY", "1200"),
        ("1200.50", "JPY", "1200.5"),
        ("1.5", "KWD", "1.500"),
        ("1E+9", "USD", "1000000000.00"),
        ("1E-7", None, "0.0000001"),
        ("0", None, "0.00"),
    ],
)
def test_money_is_written_as_its_currency_is(amount: str, currency: str | None, text: str) -> None:
    """At least the currency's own digits, more where the amount has more."""
    assert money.text(Decimal(amount), currency) == text


@given(st.decimals(allow_nan=False, allow_infinity=False), st.sampled_from(["USD", "JPY", "KWD", None]))
def test_nothing_is_rounded(amount: Decimal, currency: str | None) -> None:
    """The text is the amount, to the last digit, in plain digits."""
    text = money.text(amount, currency)
    assert Decimal(text) == amount
    assert "E" not in text


def test_an_unknown_amount_stays_unknown() -> None:
    """No amount is no text, never 0."""
    assert money.optional_text(None, "USD") is None
