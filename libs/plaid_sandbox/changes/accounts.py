"""What can happen to the accounts of a login."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from plaid_sandbox.bank.accounts import Account, Currency
from plaid_sandbox.book import Book
from plaid_sandbox.changes.value import Value


class Shared(Value):
    """The user shares these accounts and no others; of new ones as much is read as of the old ones."""

    kind: Literal["shared"] = "shared"
    day: date
    account_ids: tuple[str, ...]

    def apply(self, book: Book) -> None:
        book.account_ids = set(self.account_ids)
        book.read(self.day)


class Opened(Value):
    """The user opened an account, and either shares it at once or has it offered in update mode."""

    kind: Literal["opened"] = "opened"
    type: str
    subtype: str
    name: str
    mask: str
    iso_currency_code: str | None
    unofficial_currency_code: str | None
    balance: Decimal
    limit: Decimal | None
    persistent_account_id: str | None
    shared: bool

    def apply(self, book: Book) -> None:
        number = len(book.ledger.accounts)
        account = Account(
            account_id=book.login.identifier("account", f"opened {number}"),
            slot=f"opened {number}",
            name=self.name,
            official_name=None,
            mask=self.mask,
            type=self.type,
            subtype=self.subtype,
            currency=Currency(self.iso_currency_code, self.unofficial_currency_code),
            opening=self.balance,
            limit=self.limit,
            holder="personal",
            persistent_id=self.persistent_account_id,
        )
        book.ledger.open(account)
        if self.shared:
            book.account_ids.add(account.account_id)


class Closed(Value):
    """An account is gone, or its user's permission for it; nobody hears of its transactions again."""

    kind: Literal["closed"] = "closed"
    account_id: str

    def apply(self, book: Book) -> None:
        book.account_ids.discard(self.account_id)
        book.closed.add(self.account_id)


class Churned(Value):
    """Plaid takes an account for another: its id changes, and its transactions come again under other ids."""

    kind: Literal["churned"] = "churned"
    account_id: str
    mask: str | None = None
    name: str | None = None

    def apply(self, book: Book) -> None:
        known = book.ledger.accounts[self.account_id]
        fresh_id = book.login.identifier("churned account", self.account_id)
        successor = replace(known, account_id=fresh_id, mask=self.mask or known.mask, name=self.name or known.name)
        book.ledger.churn(self.account_id, successor, lambda key: book.login.identifier("churned", key))
        book.account_ids.remove(self.account_id)
        book.account_ids.add(fresh_id)
        book.churned.add(self.account_id)


class BalanceSet(Value):
    """A balance changed without any transaction; None is a balance that the bank does not tell."""

    kind: Literal["balance_set"] = "balance_set"
    account_id: str
    balances: dict[Literal["current", "available"], Decimal | None]

    def apply(self, book: Book) -> None:
        book.ledger.set_balance(self.account_id, {str(name): amount for name, amount in self.balances.items()})
