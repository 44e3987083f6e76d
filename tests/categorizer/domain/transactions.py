"""Transactions for tests of pure functions."""

from datetime import date
from decimal import Decimal
from typing import Any

from categorizer.domain.transaction import Account, Transaction

CARD = Account(id=1, type="credit", subtype="credit card", mask="3333", enabled=True)


def transaction(**different: Any) -> Transaction:
    """Return a posted lunch on the card, but for what is different."""
    fields: dict[str, Any] = {
        "id": 1,
        "account": CARD,
        "amount": Decimal("12.30"),
        "iso_currency_code": "USD",
        "unofficial_currency_code": None,
        "date": date(2026, 3, 2),
        "authorized_date": None,
        "name": "CHIPOTLE 1234",
        "merchant_name": "Chipotle",
        "merchant_entity_id": None,
        "original_description": None,
        "payment_channel": "in store",
        "pfc_version": "v2",
        "pfc_primary": "FOOD_AND_DRINK",
        "pfc_detailed": "FOOD_AND_DRINK_FAST_FOOD",
        "pfc_confidence": "VERY_HIGH",
        "pending": False,
        "removed": False,
        "superseded": False,
    }
    return Transaction(**fields | different)


def plaid(
    primary: str, detail: str, confidence: str | None = "VERY_HIGH", version: str | None = "v2"
) -> dict[str, Any]:
    """Return the fields of one of Plaid's categories."""
    return {
        "pfc_primary": primary,
        "pfc_detailed": f"{primary}_{detail}",
        "pfc_confidence": confidence,
        "pfc_version": version,
    }
