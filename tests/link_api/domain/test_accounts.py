from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from link_api.domain.accounts import read

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def account(**changes: object) -> dict[str, Any]:
    balances = {
        "current": Decimal("110.25"),
        "available": 100,
        "limit": None,
        "iso_currency_code": "USD",
        "unofficial_currency_code": None,
    }
    standard = {
        "account_id": "b",
        "name": "Checking",
        "official_name": None,
        "type": "depository",
        "subtype": "checking",
        "mask": "0000",
        "balances": balances,
    }
    return standard | changes


def test_an_account_becomes_a_row() -> None:
    """Balances stay exact; they are of now unless Plaid says otherwise."""
    [row] = read({"accounts": [account()]}, NOW)
    assert (row["current_balance"], row["available_balance"], row["credit_limit"]) == (Decimal("110.25"), 100, None)
    assert (row["iso_currency_code"], row["balance_as_of"]) == ("USD", NOW)
    old = {"balances": {"last_updated_datetime": "2026-01-01T00:00:00Z"}}
    [row] = read({"accounts": [account(**old)]}, NOW)
    assert row["balance_as_of"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_one_unreadable_account_does_not_hide_the_others() -> None:
    """What we cannot read is left to the sync; the rest comes in account_id order."""
    odd: list[object] = [account(account_id=""), account(balances={"current": "much"}), None, "text", {}]
    rows = read({"accounts": [account(), *odd, account(account_id="a")]}, NOW)
    assert [row["account_id"] for row in rows] == ["a", "b"]


def test_what_plaid_leaves_out_has_a_stand_in() -> None:
    """Name and type are never null, unknown types pass, and no text holds a NUL."""
    [row] = read({"accounts": [{"account_id": "a", "official_name": "Gold\x00Card", "type": None}]}, NOW)
    assert (row["name"], row["type"]) == ("Gold\ufffdCard", "other")
    assert read({"accounts": [account(type="hologram")]}, NOW)[0]["type"] == "hologram"
    assert read({}, NOW) == read({"accounts": None}, NOW) == []
