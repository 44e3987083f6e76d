"""Answers of /transactions/sync as Plaid words them, small enough to read in a test."""

from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def transaction(transaction_id: str, **changes: Any) -> Json:
    """Return a posted purchase of 12.5 dollars, changed as asked."""
    return {
        "transaction_id": transaction_id,
        "account_id": "checking",
        "amount": Decimal("12.5"),
        "iso_currency_code": "USD",
        "unofficial_currency_code": None,
        "date": "2026-11-20",
        "name": "LUMBER YARD",
        "pending": False,
        "location": {"city": "Austin", "lat": Decimal("30.25")},
    } | changes


def answer(
    added: list[Json] | None = None,
    modified: list[Json] | None = None,
    removed: list[str] | None = None,
    **changes: Any,
) -> Json:
    """Return one page."""
    return {
        "added": added or [],
        "modified": modified or [],
        "removed": [{"transaction_id": one, "account_id": "checking"} for one in removed or []],
        "accounts": [],
        "next_cursor": "next",
        "has_more": False,
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
    } | changes
