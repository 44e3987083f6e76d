import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.domain.accounts import Account, Known, count, latest, read, to_json


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


def ours(id_: int, account_id: str, **changes: Any) -> Known:
    """Return our row of a checking account."""
    row = {
        "persistent_account_id": None,
        "type": "depository",
        "subtype": "checking",
        "mask": "0000",
        "is_active": True,
    }
    return Known(id=id_, account_id=account_id, **(row | changes))


def theirs(account_id: str, **changes: Any) -> Account:
    """Return the account as Plaid states it."""
    look = {"type": "depository", "subtype": "checking", "mask": "0000"}
    [stated] = read([account(account_id, **(look | changes))])
    return stated


def test_an_account_that_is_named_no_more_has_vanished() -> None:
    """What Plaid's whole list leaves out is gone, unless it still has news; it is lost once."""
    known = [ours(1, "a", mask="1"), ours(2, "b", mask="2"), ours(3, "c", mask="3", is_active=False)]
    assert count(known, [theirs("a", mask="1")], in_use=set()).vanished == {2}
    assert count(known, [theirs("a", mask="1")], in_use={"b"}).vanished == set()


def test_an_account_that_changed_its_id_is_the_same_account() -> None:
    """By its persistent id whatever it looks like, else by its look; and it has not vanished."""
    known = [ours(1, "old", persistent_account_id="p"), ours(2, "card", subtype="credit card", mask="9")]
    stated = [theirs("new", persistent_account_id="p", mask="5"), theirs("other", subtype="credit card", mask="9")]
    census = count(known, stated, in_use=set())
    assert census.renamed == {"old": "new", "card": "other"}
    assert census.vanished == set()


@pytest.mark.parametrize(
    ("gone", "new"),
    [
        ([ours(1, "a"), ours(2, "b")], [theirs("x")]),
        ([ours(1, "a")], [theirs("x"), theirs("y")]),
        ([ours(1, "a", mask=None)], [theirs("x", mask=None)]),
        ([ours(1, "a", subtype="savings")], [theirs("x")]),
    ],
    ids=["two gone", "two new", "no mask", "another kind"],
)
def test_no_account_is_guessed(gone: list[Known], new: list[Account]) -> None:
    """Where two could be meant, or nothing tells them apart, the old one is gone and the new one is new."""
    census = count(gone, new, in_use=set())
    assert census.renamed == {}
    assert census.vanished == {one.id for one in gone}


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_a_count_is_whole(known: list[str], stated: list[str]) -> None:
    """Every account that we know is named, goes on under another id, or has vanished: one of the three."""
    rows = [ours(number, id_, mask=id_ if number % 2 else "0000") for number, id_ in enumerate(known)]
    census = count(rows, [theirs(id_) for id_ in stated], in_use=set())
    for row in rows:
        assert (row.account_id in stated) + (row.account_id in census.renamed) + (row.id in census.vanished) == 1
    assert len(set(census.renamed.values())) == len(census.renamed)


def test_one_whose_loss_was_told_is_told_to_be_back() -> None:
    """An account that vanished and is named again, or goes on under another id, has returned."""
    lost = ours(1, "a", is_active=False, told_gone=True)
    assert count([lost], [theirs("a")], in_use=set()).returned == {1}
    assert count([lost], [theirs("b")], in_use=set()).returned == {1}
    assert count([lost], [theirs("b", mask="7")], in_use=set()).returned == set()
