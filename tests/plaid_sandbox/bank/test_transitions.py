from datetime import date, timedelta

from plaid_sandbox.bank.history import recall
from plaid_sandbox.bank.ledger import Ledger
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.profiles import PROFILES
from plaid_sandbox.bank.transitions import arrivals, refresh
from plaid_sandbox.identifiers import Mint

TODAY = date(2026, 11, 22)
LOGIN = Login(Mint("seed"), "ins_109508", PROFILES["user_transactions_dynamic"], 1)
ACCOUNTS = LOGIN.open_accounts()


def read_ledger() -> Ledger:
    """Return a ledger whose history was read."""
    ledger = Ledger(ACCOUNTS.values(), recall(LOGIN, ACCOUNTS, TODAY))
    ledger.read(lambda row: row.date <= TODAY)
    return ledger


def test_no_pending_line_outlives_a_refresh() -> None:
    """All that was pending has posted or is gone, and what is pending now is new."""
    ledger = read_ledger()
    before = {row.transaction_id for row in ledger.pending()}
    refresh(ledger, LOGIN, ACCOUNTS, "first", TODAY + timedelta(days=1))
    after = {row.transaction_id for row in ledger.pending()}
    assert min(len(before), len(after)) >= 3
    assert not before & after
    posted = [row for row in ledger.standing() if row.pending_transaction_id in before]
    assert len(posted) == len(before) - 2
    assert all(not row.pending and row.date == TODAY + timedelta(days=1) for row in posted)


def test_a_refresh_is_deterministic() -> None:
    """Two ledgers with the same past have the same future."""
    one, other = read_ledger(), read_ledger()
    for ledger in (one, other):
        refresh(ledger, LOGIN, ACCOUNTS, "first", TODAY)
    assert list(one.standing()) == list(other.standing())


def test_nobody_spends_from_accounts_that_are_not_shared() -> None:
    """New lines appear on shared accounts only; with none shared, none appear."""
    card = {"card": ACCOUNTS["card"]}
    assert {row.account_id for row in arrivals(LOGIN, card, "x", TODAY)} == {ACCOUNTS["card"].account_id}
    assert arrivals(LOGIN, {}, "x", TODAY) == []
