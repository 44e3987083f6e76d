from dataclasses import replace
from datetime import date
from decimal import Decimal

from plaid_sandbox.bank.accounts import Balance
from plaid_sandbox.bank.history import hold
from plaid_sandbox.bank.ledger import Ledger
from plaid_sandbox.bank.lines import described
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.profiles import PROFILES
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.identifiers import Mint

ACCOUNTS = Login(Mint("seed"), "ins_109508", PROFILES["user_good"], 1).open_accounts()


def row(key: str, amount: str, slot: str = "card") -> Transaction:
    """Return a posted row."""
    return described(key, ACCOUNTS[slot], "Line", date(2026, 1, 1), Decimal(amount))


def test_history_moves_no_balance() -> None:
    """The opening balance already contains what was there before Plaid looked."""
    ledger = Ledger(ACCOUNTS.values(), [row("a", "10")])
    ledger.read(lambda _: True)
    card = ACCOUNTS["card"]
    assert ledger.balance(card.account_id).current == card.opening


def test_what_comes_later_moves_the_balance() -> None:
    """Spending raises a debt and lowers what is left; pending money lowers the available part only."""
    ledger, card, checking = Ledger(ACCOUNTS.values(), []), ACCOUNTS["card"], ACCOUNTS["checking"]
    ledger.put([row("a", "10"), hold(row("b", "5")), row("c", "3", "checking"), hold(row("d", "-2", "checking"))])
    assert ledger.balance(card.account_id) == Balance(card.opening + 10, Decimal(15000) - card.opening - 15, card.limit)
    assert ledger.balance(checking.account_id) == Balance(checking.opening - 3, checking.opening - 1, None)


def test_a_correction_counts_once_and_a_removal_undoes() -> None:
    """The balance follows the rows that stand, not the number of their changes."""
    ledger, card = Ledger(ACCOUNTS.values(), []), ACCOUNTS["card"]
    ledger.put([row("a", "10")])
    ledger.put([replace(row("a", "10"), amount=Decimal(4))])
    assert ledger.balance(card.account_id).current == card.opening + 4
    ledger.remove(["a", "unknown"])
    assert ledger.balance(card.account_id).current == card.opening
    assert ledger.find("a") is None
    assert ledger.version == 3


def test_the_bank_hands_over_history_once() -> None:
    """What was read is not read again, and what was not wanted waits."""
    ledger = Ledger(ACCOUNTS.values(), [row("a", "1"), row("b", "2")])
    assert ledger.read(lambda one: one.transaction_id == "a") == 1
    assert ledger.read(lambda _: True) == 1
    assert ledger.read(lambda _: True) == 0
