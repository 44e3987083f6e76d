"""Answers of /transactions/sync as Plaid words them, small enough to read in a test."""

import json
from decimal import Decimal
from typing import Any

from common import updates
from common.updates import Updates

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
) -> Updates:
    """Return one page, as it is read from JSON."""
    said = {
        "added": added or [],
        "modified": modified or [],
        "removed": [{"transaction_id": one, "account_id": "checking"} for one in removed or []],
        "accounts": [],
        "next_cursor": "next",
        "has_more": False,
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
    }
    return updates.read(text(said | changes).encode())


def text(value: object) -> str:
    """Return JSON with exact decimals, and with halves of characters, which a library would not write."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)
