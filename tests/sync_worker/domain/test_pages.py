import json
import tracemalloc
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
        ({"amount": Decimal("1e200000")}, "amount"),
        ({"unofficial_currency_code": "USDT"}, "currencies"),
        ({"payment_channel": "x" * 51}, "payment_channel"),
        ({"pending_transaction_id": "x" * 256}, "pending_transaction_id"),
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


def test_strangers_are_the_lines_of_unknown_accounts() -> None:
    """A line whose account nobody knows is named with its reason; the others are not."""
    page = read(answer(added=[transaction("ours"), transaction("theirs", account_id="elsewhere")]))
    strangers = page.strangers({"checking"})
    assert {line: one.transaction_id for line, one in strangers.items()} == {1: "theirs"}


@pytest.mark.parametrize("named", [{"transaction_id": None}, {"transaction_id": ""}, {}])
def test_unusable_transactions_without_an_id_stay_apart(named: dict[str, Any]) -> None:
    """Quarantine keeps each of them, and the same one only once."""
    rows = [{"amount": amount, **named} for amount in (1, 2, 1)]
    ids = [one.transaction_id for one in read(answer(added=rows)).unusable]
    assert len(set(ids)) == 2
    assert all(ids)


@pytest.mark.parametrize("odd", ["\ud800", "a\x00b", "x" * 300])
def test_an_odd_id_fits_into_quarantine(odd: str) -> None:
    """The id of an unusable transaction is text that PostgreSQL can hold."""
    page = read(answer(added=[transaction(odd)]))
    assert page.ids == []
    kept = page.unusable[0].transaction_id
    assert kept.isascii()
    assert kept.isprintable()
    assert len(kept) <= 255


def test_a_removal_of_nothing_leaves_the_rest() -> None:
    """A removal that names no transaction removes none, and the page stands."""
    page = read(
        answer(added=[transaction("t")]) | {"removed": [{"account_id": "checking"}, {"transaction_id": "gone"}]}
    )
    assert (page.ids, page.removed) == (["t"], ["gone"])


def test_empty_cursor_stays_empty() -> None:
    """NOT_READY comes with an empty cursor, which is no cursor."""
    page = read(answer(next_cursor="", transactions_update_status="NOT_READY"))
    assert (page.next_cursor, page.status, page.oldest) == ("", "NOT_READY", None)


def test_a_page_that_waits_for_its_loop_is_small() -> None:
    """A transaction costs less than 500 bytes until it is written: 100,000 of them fit in 50 MB."""
    details = {"counterparties": [{"name": "The Home Depot", "website": "homedepot.com", "type": "merchant"}] * 2}
    pages = []
    tracemalloc.start()
    try:
        for number in range(10):
            rows = [transaction(f"{number}-{line:033}", name=f"STORE {line}", **details) for line in range(500)]
            pages.append(read(answer(added=rows)))
            del rows
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / sum(len(page.ids) for page in pages) < 500
