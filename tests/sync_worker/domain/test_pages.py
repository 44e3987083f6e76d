import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.pages import read
from tests.sync_worker.answers import answer, transaction


def rows(page: Any) -> list[dict[str, Any]]:
    """Return every row of the page, as PostgreSQL reads it."""
    return list(json.loads(page.rows(range(len(page.ids)))))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7, min_value=-(10**9), max_value=10**9))
def test_amount_is_exact(amount: Decimal) -> None:
    """Money passes from Plaid's text to ours without a digit changed."""
    page = read(answer(added=[transaction("t", amount=amount)]))
    assert Decimal(rows(page)[0]["amount"]) == amount


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"amount": None}, "amount"),
        ({"amount": float("nan")}, "amount"),
        ({"date": "yesterday"}, "date"),
        ({"name": None}, "name"),
        ({"name": "\ud800"}, "Unicode"),
        ({"pending": None}, "pending"),
        ({"account_id": ""}, "account_id"),
    ],
)
def test_one_unusable_transaction_leaves_the_rest(broken: dict[str, Any], reason: str) -> None:
    """A transaction that the schema refuses is set aside with its reason; the others stay."""
    page = read(answer(added=[transaction("bad", **broken), transaction("good")]))
    assert page.ids == ["good"]
    assert [one.transaction_id for one in page.unusable] == ["bad"]
    assert reason in page.unusable[0].reason
    json.loads(page.unusable[0].raw)


def test_unknown_fields_and_enums_pass() -> None:
    """Plaid's enums are open: a value or field of tomorrow never fails a page."""
    new = transaction("t", payment_channel="telepathy", transaction_code="barter", hologram={"depth": 3})
    new["personal_finance_category"] = {"primary": "NEW", "detailed": "NEW_THING", "confidence_level": "COSMIC"}
    page = read(answer(added=[new]))
    assert rows(page)[0]["personal_finance_category"]["confidence_level"] == "COSMIC"


def test_same_content_has_the_same_hash_and_any_change_another() -> None:
    """The hash tells an unchanged `modified` from a real change, and looks only at what we keep."""
    same = read(answer(modified=[transaction("t"), transaction("t", logo_url="https://new.logo")]))
    assert same.hashes[0] == same.hashes[1]
    for change in ({"amount": Decimal("12.51")}, {"date": "2026-11-21"}, {"pending": True}, {"name": "LUMBER"}):
        assert read(answer(modified=[transaction("t", **change)])).hashes[0] != same.hashes[0]


def test_nul_never_reaches_the_database() -> None:
    """PostgreSQL's text cannot hold NUL, so it is replaced by what shows that something stood there."""
    page = read(answer(added=[transaction("t", name="A\x00B")]))
    assert rows(page)[0]["name"] == "A\ufffdB"


def test_split_parts_lines_of_unknown_accounts() -> None:
    """A line whose account nobody knows goes to quarantine, the others stay wanted."""
    page = read(answer(added=[transaction("ours"), transaction("theirs", account_id="elsewhere")]))
    kept, unusable = page.split([0, 1], {"checking"})
    assert kept == [0]
    assert [one.transaction_id for one in unusable] == ["theirs"]


def test_empty_cursor_stays_empty() -> None:
    """NOT_READY comes with an empty cursor, which is no cursor."""
    page = read(answer(next_cursor="", transactions_update_status="NOT_READY"))
    assert (page.next_cursor, page.status, page.oldest) == ("", "NOT_READY", None)
