import json
from decimal import Decimal
from typing import Any

import pytest

from sync_worker.domain.accounts import latest, read, to_json


def account(account_id: str, /, **changes: Any) -> dict[str, Any]:
    """Return Plaid's object of a checking account, changed as asked."""
    balances = {"current": Decimal("110.25"), "available": 100, "limit": None, "iso_currency_code": "USD"}
    return {"account_id": account_id, "name": "Checking", "type": "depository", "balances": balances} | changes


@pytest.mark.parametrize(
    "broken", [{"account_id": None}, {"account_id": ""}, {"name": 7}, {"name": "\ud800"}, {"memo": "\ud800"}]
)
def test_one_unreadable_account_leaves_the_rest(broken: dict[str, Any]) -> None:
    """An account that cannot be read is left out, and nothing else with it."""
    assert [one.account_id for one in read([account("bad", **broken), account("good"), None])] == ["good"]


@pytest.mark.parametrize("nothing", [None, []])
def test_no_accounts_are_none(nothing: Any) -> None:
    """An answer without accounts names none."""
    assert read(nothing) == []


def test_balances_are_exact_and_unknown_fields_stay() -> None:
    """Amounts keep every digit, and the object is kept whole for later."""
    odd = account("a", holder_category="business")
    odd["balances"]["current"] = Decimal("12345678901234.1234567")
    kept = json.loads(to_json(read([odd])))[0]
    assert kept["balances"]["current"] == "12345678901234.1234567"
    assert kept["holder_category"] == "business"


def test_an_account_counts_once_as_stated_last() -> None:
    """When pages name an account twice, the later word stands."""
    first, second = read([account("a", name="Old")])[0], read([account("a", name="New")])[0]
    assert [one.name for one in latest([first, second])] == ["New"]


def test_missing_balances_are_unknown_balances() -> None:
    """An account without balances is an account all the same."""
    assert read([account("a", balances=None)])[0].balances is None


def test_nul_never_reaches_the_database() -> None:
    """PostgreSQL's text and jsonb cannot hold NUL."""
    assert json.loads(to_json(read([account("a", name="A\x00B")])))[0]["name"] == "A\ufffdB"
