from datetime import date
from decimal import Decimal

import pytest

from plaid_sandbox.bank.lines import described
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.profiles import PROFILES
from plaid_sandbox.identifiers import Mint

CARD = Login(Mint("seed"), "ins_109508", PROFILES["user_good"], 1).open_accounts()["card"]


@pytest.mark.parametrize(
    ("text", "amount", "merchant", "detailed", "kind"),
    [
        ("THE HOME DEPOT #22", "10", "The Home Depot", "HOME_IMPROVEMENT_HARDWARE", "purchase"),
        ("the home depot", "-10", "The Home Depot", "HOME_IMPROVEMENT_HARDWARE", "refund"),
        ("Maple Street Homes", "-900", "Maple Street Homes", "INCOME_CONTRACTOR", "income"),
        ("Maple Street Homes", "900", None, "OTHER_OTHER", "purchase"),
        ("Venmo to Jo", "-9", None, "INCOME_OTHER", "income"),
        ("Corner shop", "3.5", None, "OTHER_OTHER", "purchase"),
        ("Corner shop", "-3.5", None, "INCOME_OTHER", "income"),
    ],
)
def test_a_text_is_understood_as_plaid_would(
    text: str, amount: str, merchant: str | None, detailed: str, kind: str
) -> None:
    """A known name brings its merchant and category, but never one against the flow of the money."""
    row = described("key", CARD, text, date(2026, 1, 1), Decimal(amount))
    assert (row.merchant.name if row.merchant else None) == merchant
    assert row.category
    assert (row.category.detailed, row.kind, row.name) == (detailed, kind, text)
