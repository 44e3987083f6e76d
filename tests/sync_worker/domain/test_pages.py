import json
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from common import updates
from common.updates import Updates
from sync_worker.domain.pages import read, refuse, replay
from tests.sync_worker.answers import answer, transaction

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
STRINGS = st.text(st.characters(), max_size=5).map(json.dumps)
"""With NUL and with halves of surrogate pairs, as JSON can hold them."""


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return JSON arrays and objects of such values."""
    lists = st.lists(inner, max_size=3).map(",".join).map("[{}]".format)
    pairs = st.tuples(STRINGS, inner).map(":".join)
    return lists | st.lists(pairs, max_size=3).map(",".join).map(lambda text: f"{{{text}}}")


GONE = '{"transaction_id": "gone"}'
VALUES = st.recursive(NUMBERS | STRINGS | st.sampled_from(["null", "true"]), arrays, max_leaves=6)


def rows(page: Any) -> list[dict[str, Any]]:
    """Return every row of the page, as PostgreSQL reads it."""
    return list(json.loads(page.rows(range(len(page.ids)))))


def page_of(row: str, *removed: str) -> Updates:
    """Return a page with this row, and these removals, as Plaid wrote them."""
    rows = f'"added": [{row}], "modified": [], "removed": [{", ".join(removed)}]'
    return updates.read(f'{{{rows}, "next_cursor": "next", "has_more": false}}'.encode())


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7, min_value=-(10**9), max_value=10**9))
def test_amount_is_exact(amount: Decimal) -> None:
    """Money passes from Plaid's text to ours without a digit changed."""
    page = read(answer(added=[transaction("t", amount=amount)]))
    assert Decimal(rows(page)[0]["amount"]) == amount


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "-Infinity"}, "amount"),
        ({"date": "yesterday"}, "date"),
        ({"name": None}, "name"),
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


def test_half_a_character_is_replaced() -> None:
    """A name that was cut in the middle of a character loses no transaction, and no page."""
    page = read(answer(added=[transaction("t", name="A\ud800", location={"city": "\udc00B \U0001f6e0"})]))
    [row] = rows(page)
    assert (row["name"], row["location"]) == ("A\ufffd", {"city": "\ufffdB \U0001f6e0"})


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


@pytest.mark.parametrize("odd", ["a\x00b", "x" * 300])
def test_an_odd_id_fits_into_quarantine(odd: str) -> None:
    """The id of an unusable transaction is text that PostgreSQL can hold."""
    page = read(answer(added=[transaction(odd)]))
    assert page.ids == []
    kept = page.unusable[0].transaction_id
    assert kept.isascii()
    assert kept.isprintable()
    assert len(kept) <= 255


@pytest.mark.parametrize("plain", ["t", 'a"b', "a\\b", "é"])
def test_an_id_that_can_be_shown_is_kept_as_it_is(plain: str) -> None:
    """Its quarantine ends when the transaction arrives whole under the same id."""
    assert read(answer(added=[transaction(plain, amount=None)])).unusable[0].transaction_id == plain
    assert read(answer(added=[transaction(plain)])).ids == [plain]


def test_a_removal_of_nothing_leaves_the_rest() -> None:
    """A removal that names no transaction removes none, and the page stands."""
    page = read(page_of(json.dumps(transaction("t", amount=1, location=None)), '{"account_id": "checking"}', GONE))
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
            pages.append(read(answer(added=rows, accounts=[{"account_id": "checking"}], has_more=True)))
            del rows
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / sum(len(page.ids) for page in pages) < 500


@given(amount=NUMBERS | STRINGS | st.just("null"), name=STRINGS, location=VALUES)
@example(amount="1e9", name='"x"', location="null")
@example(amount="1234567.1234567", name='"x"', location='{"lat": 30.250000001, "lon": -97.70}')
@example(amount="0.1000000", name='"a\\u0000b"', location='{"zip": "\\u0000", "store": 1e400}')
@example(amount="25.5e1", name='"x"', location="25.5e1")
@example(amount="5", name='"\\ud800"', location="null")
def test_what_waited_in_quarantine_reads_as_if_it_came_today(amount: str, name: str, location: str) -> None:
    """Plaid's text, kept and read again, gives the line and the hash that it has when Plaid sends it again."""
    text = f"""{{"transaction_id": "t", "account_id": "checking", "amount": {amount}, "name": {name},
        "date": "2026-11-20", "pending": false, "location": {location}, "of_tomorrow": {location}}}"""
    today = read(page_of(text))
    kept = refuse(text, "an old release could not read it")
    again = replay([kept.raw])
    assert (again.ids, again.hashes, again.oldest) == (today.ids, today.hashes, today.oldest)
    assert again.rows(range(len(again.ids))) == today.rows(range(len(today.ids)))
    assert again.unusable == today.unusable


@given(amount=st.decimals("-1e9", "1e9", places=7).map(str), location=VALUES)
@example(amount="1", location='{"\\u0000": "\\\\u0000"}')
def test_what_found_no_account_reads_the_same_once_it_does(amount: str, location: str) -> None:
    """A transaction that waits for its account keeps its line and its hash."""
    text = f"""{{"transaction_id": "t", "account_id": "checking", "amount": {amount}, "name": "LUMBER",
        "date": "2026-11-20", "pending": false, "location": {location}}}"""
    page = read(page_of(text))
    assume(page.ids)
    waiting = page.strangers(set()).values()
    assert replay([one.raw for one in waiting]).hashes == page.hashes


@given(st.text(st.sampled_from("\\\0u0a"), max_size=20) | st.text())
def test_only_nul_is_replaced(name: str) -> None:
    """PostgreSQL's text and jsonb cannot hold NUL; a backslash before u0000 is a text like any other."""
    [row] = rows(read(answer(added=[transaction("t", name=name, location={name: name})])))
    expected = name.replace("\0", "\ufffd")
    assert (row["name"], row["location"]) == (expected, {expected: expected})


def test_a_removal_of_what_nobody_can_have_is_none() -> None:
    """An id that no row of ours can have, for its NUL, its length or its emptiness, fails no page."""
    assert read(answer(removed=["a", "", "b\0", "x" * 256, "c"])).removed == ["a", "c"]
