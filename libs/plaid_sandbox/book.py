"""Plaid's copy of one login: which accounts it may see, how far back it has read, and what it found."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum

from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.history import recall
from plaid_sandbox.bank.ledger import Ledger
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.sync import AS_ASKED, Paging

INITIAL_DAYS = 30
DEFAULT_DAYS = 90


class Stage(IntEnum):
    """How much was read; the name is what /transactions/sync answers as `transactions_update_status`."""

    NOT_READY = 0
    INITIAL_UPDATE_COMPLETE = 1
    HISTORICAL_UPDATE_COMPLETE = 2


@dataclass(slots=True)
class Book:
    """One login's data. `days_requested` may be settled until the first history is read, never after.

    `closed` accounts are gone at the bank, `churned` ids were succeeded by others, and cursors of an earlier
    `cursor_generation` are refused.
    """

    login: Login
    ledger: Ledger
    opened_on: date
    days_requested: int | None
    account_ids: set[str] = field(default_factory=set)
    stage: Stage = Stage.NOT_READY
    closed: set[str] = field(default_factory=set)
    churned: set[str] = field(default_factory=set)
    cursor_generation: int = 0
    paging: Paging = AS_ASKED

    @property
    def open_accounts(self) -> list[Account]:
        """The accounts that the bank shows its customer, shared or not."""
        return [account for account in self.ledger.accounts.values() if account.account_id not in self.closed]

    @property
    def told_ids(self) -> set[str]:
        """The account ids that readers hear of: the shared ones, and churned ones, of which only removals are left."""
        return self.account_ids | self.churned

    @property
    def accounts(self) -> list[Account]:
        """The accounts that the user shares, in the bank's order."""
        return [account for account in self.ledger.accounts.values() if account.account_id in self.account_ids]

    @property
    def slots(self) -> dict[str, Account]:
        """The shared accounts by their place in the user's profile."""
        return {account.slot: account for account in self.accounts}

    def transactions(self) -> Iterator[Transaction]:
        """Yield what a complete sync would hold now."""
        visible = self.account_ids if self.stage > Stage.NOT_READY else set[str]()
        return (row for row in self.ledger.standing() if row.account_id in visible)

    def selected(self, account_ids: Collection[str] | None) -> list[Account]:
        """Return the accounts of these ids, all when none are named, or raise INVALID_ACCOUNT_ID."""
        if account_ids is None:
            return self.accounts
        if not self.account_ids.issuperset(account_ids):
            raise PlaidError("INVALID_ACCOUNT_ID")
        return [account for account in self.accounts if account.account_id in account_ids]

    def account(self, account_id: str | None) -> Account:
        """Return the account of this id, or the checking account when none is named; raise INVALID_ACCOUNT_ID."""
        if account_id is not None:
            return self.selected([account_id])[0]
        if not self.account_ids:
            raise PlaidError("NO_ACCOUNTS")
        return next((account for account in self.accounts if account.subtype == "checking"), self.accounts[0])

    def standing(self, transaction_id: str) -> Transaction:
        """Return the transaction of this id, or raise NOT_FOUND."""
        row = self.ledger.find(transaction_id)
        if row is None or row.account_id not in self.account_ids:
            raise PlaidError("NOT_FOUND", "no such transaction")
        return row

    def read(self, today: date) -> None:
        """Take over from the bank what the stage shows and is not here yet."""
        if self.stage > Stage.NOT_READY:
            oldest = self._oldest_day()
            self.ledger.read(lambda row: oldest <= row.date <= today and row.account_id in self.account_ids)

    def _oldest_day(self) -> date:
        wanted = self.days_requested or DEFAULT_DAYS
        days = min(INITIAL_DAYS, wanted) if self.stage == Stage.INITIAL_UPDATE_COMPLETE else wanted
        return self.opened_on - timedelta(days=days - 1)


def open_book(login: Login, today: date, days_requested: int | None) -> Book:
    """Return a book in which nothing was read yet. CPU work that grows with the history, about 25 µs a row."""
    accounts = login.open_accounts()
    return Book(login, Ledger(accounts.values(), recall(login, accounts, today)), today, days_requested)
