from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from time import process_time

import pytest

from plaid_sandbox.bank.history import recall
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.merchants import INFLOWS
from plaid_sandbox.bank.profiles import PROFILES, profile_of
from plaid_sandbox.bank.transactions import Transaction, kind_of
from plaid_sandbox.identifiers import Mint

TODAY = date(2026, 11, 22)
EVERYBODY = sorted(PROFILES)


def login(username: str = "user_good", seed: str = "seed", number: int = 1) -> Login:
    """Return a login at First Platypus Bank."""
    return Login(Mint(seed), "ins_109508", PROFILES[username], number)


def history(one: Login, today: date = TODAY) -> list[Transaction]:
    """Return the login's history up to this day."""
    return [row for row in recall(one, one.open_accounts(), today) if row.date <= today]


def told(rows: list[Transaction], until: date) -> list[tuple[date, Decimal, str, str]]:
    """Return what happened up to a day, ids and the polish of pending lines left aside."""
    return [(row.date, row.amount, row.original_description, row.kind) for row in rows if row.date <= until]


def test_the_same_seed_tells_the_same_history() -> None:
    """Deterministic by seed, another story by another; ids belong to the Item, money to the user."""
    assert history(login()) == history(login())
    assert told(history(login()), TODAY) == told(history(login(number=2)), TODAY)
    assert not {row.transaction_id for row in history(login())} & {
        row.transaction_id for row in history(login(number=2))
    }
    assert told(history(login()), TODAY) != told(history(login(seed="other")), TODAY)


def test_the_past_does_not_change_as_days_go_by() -> None:
    """A day reads the same whenever one looks back at it."""
    earlier, later = history(login()), history(login(), TODAY + timedelta(days=50))
    since = later[0].date
    assert [one for one in told(earlier, TODAY) if one[0] >= since] == told(later, TODAY)


@pytest.mark.parametrize("username", EVERYBODY)
def test_every_line_is_consistent(username: str) -> None:
    """Ids are unique, days are in range, signs fit categories, and kind follows from the category."""
    profile, rows = PROFILES[username], history(login(username))
    assert len({row.transaction_id for row in rows}) == len(rows)
    assert rows[-1].date == TODAY
    assert rows[0].date > TODAY - timedelta(days=profile.days)
    for row in rows:
        assert row.amount
        assert row.kind == kind_of(row.category, row.amount)
        if row.category and row.category.primary in INFLOWS:
            assert row.amount < 0
        if row.category is None:
            assert row.kind == "purchase"
            assert row.amount > 0
        if row.kind in {"purchase", "fee", "interest", "loan_payment"}:
            assert row.amount > 0
        if row.pending:
            assert row.kind == "purchase"


@pytest.mark.parametrize("username", EVERYBODY)
def test_about_five_percent_have_no_category(username: str) -> None:
    """As in Plaid's data; only money that went out."""
    bought = [row for row in history(login(username)) if row.kind == "purchase"]
    assert 0.02 < sum(row.category is None for row in bought) / len(bought) < 0.08


def test_a_contractor_has_all_that_a_contractor_has() -> None:
    """Two years of materials, bills, clients, refunds, fees, interest, a loan and card payments on both accounts."""
    rows = history(login())
    kinds = Counter(row.kind for row in rows)
    assert kinds.keys() == {
        "purchase", "refund", "fee", "interest", "income", "transfer", "card_payment", "loan_payment",
    }  # fmt: skip
    assert (TODAY - rows[0].date).days > 720
    payments = [row for row in rows if row.kind == "card_payment"]
    assert len({row.account_id for row in payments}) == 2
    assert abs(sum((row.amount for row in payments), Decimal(0))) < 5000
    assert any(row.amount.quantize(Decimal("1e-6")) != row.amount for row in rows)


def test_a_business_has_twenty_thousand_lines_in_about_a_second() -> None:
    """Exactly 20,000, over nearly two years, made fast enough for tests to make many."""
    login("user_business").open_accounts()
    started = process_time()
    rows = history(login("user_business"))
    assert process_time() - started < 2
    assert len(rows) == 20_000
    assert (TODAY - rows[0].date).days > 690


@pytest.mark.parametrize("rows", [1, 90, 5000])
def test_a_business_comes_in_any_size(rows: int) -> None:
    """For measurements: exactly as many lines as its name says."""
    profile = profile_of(f"user_business_{rows}")
    assert profile
    assert len(history(Login(Mint("seed"), "ins_109508", profile, 1))) == rows


@pytest.mark.parametrize("username", ["user_business_0", "user_business_1000000", "user_business_x", "nobody"])
def test_no_other_size_logs_in(username: str) -> None:
    """Neither nothing nor more than a machine can hold."""
    assert profile_of(username) is None


def test_a_household_has_yen_and_a_coin() -> None:
    """Yen have no decimals; what has no ISO code has up to six."""
    one = login("user_household")
    accounts = one.open_accounts()
    rows = history(one)
    yen = [row.amount for row in rows if row.account_id == accounts["yen"].account_id]
    coin = [row.amount for row in rows if row.account_id == accounts["coin"].account_id]
    assert yen
    assert all(amount == int(amount) for amount in yen)
    assert (accounts["coin"].currency.iso, accounts["coin"].currency.unofficial) == (None, "USDT")
    assert any(amount != round(amount, 2) for amount in coin)


def test_unknown_values_are_sprinkled() -> None:
    """Somewhere in the heavy profile each enum has a value that nobody published."""
    rows = history(login("user_business"))
    assert {row.channel for row in rows} == {"online", "in store", "other", "contactless"}
    assert "robot_shop" in {row.counterparty_type for row in rows}
    assert "tap to pay" in {row.code for row in rows}
    assert any(row.category and row.category.detailed.endswith("NOT_YET_PUBLISHED") for row in rows)
    assert any(row.merchant is None or row.merchant.name is None for row in rows)
