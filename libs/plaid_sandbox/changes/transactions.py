"""What can happen to the transactions of a login."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from plaid_sandbox.bank import transitions
from plaid_sandbox.bank.accounts import Currency
from plaid_sandbox.bank.history import hold
from plaid_sandbox.bank.lines import described
from plaid_sandbox.bank.merchants import category
from plaid_sandbox.bank.transactions import Oddity, Transaction, kind_of
from plaid_sandbox.book import Book
from plaid_sandbox.changes.value import Value


class Money(Value):
    """A currency that is not the account's; without either code it is."""

    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None

    @property
    def currency(self) -> Currency | None:
        """The currency, if one was named."""
        if self.iso_currency_code is None and self.unofficial_currency_code is None:
            return None
        return Currency(self.iso_currency_code, self.unofficial_currency_code)


class Spent(Value):
    """The user bought a few things, as they usually do; all still pending."""

    kind: Literal["spent"] = "spent"
    day: date

    def apply(self, book: Book) -> None:
        occasion = f"spent {book.ledger.version}"
        book.ledger.put(transitions.arrivals(book.login, book.slots, occasion, self.day))


class Line(Money):
    """A transaction that somebody ordered; `category` where the text alone would bring another."""

    account_id: str
    text: str
    amount: Decimal
    posted_on: date
    authorized_on: date
    pending: bool = False
    pending_transaction_id: str | None = None
    category: str | None = None


class Created(Value):
    """Somebody ordered these transactions."""

    kind: Literal["created"] = "created"
    lines: tuple[Line, ...]

    def apply(self, book: Book) -> None:
        occasion = f"created {book.ledger.version}"
        book.ledger.put([_row(book, line, f"{occasion}.{number}") for number, line in enumerate(self.lines)])


class Edited(Money):
    """The bank corrected a line, or sent it again as it was."""

    kind: Literal["edited"] = "edited"
    transaction_id: str
    amount: Decimal | None = None
    name: str | None = None
    posted_on: date | None = None
    account_id: str | None = None
    category: str | None = None

    def apply(self, book: Book) -> None:
        row = book.standing(self.transaction_id)
        amount = row.amount if self.amount is None else self.amount
        sort = row.category if self.category is None else category(self.category, "HIGH")
        edited = replace(row, amount=amount, category=sort, kind=kind_of(sort, amount), name=self.name or row.name)
        moved = replace(edited, date=self.posted_on or row.date, account_id=self.account_id or row.account_id)
        book.ledger.put([replace(moved, currency=self.currency or row.currency)])


class Withdrawn(Value):
    """The bank took lines back, pending or posted."""

    kind: Literal["withdrawn"] = "withdrawn"
    transaction_ids: tuple[str, ...]

    def apply(self, book: Book) -> None:
        rows = [book.standing(transaction_id) for transaction_id in self.transaction_ids]
        book.ledger.remove(row.transaction_id for row in rows)


class RemovalsEchoed(Value):
    """Plaid tells removals that nobody needs: of lines taken back before, or of ids that never were."""

    kind: Literal["removals_echoed"] = "removals_echoed"
    day: date
    transaction_ids: tuple[str, ...]
    account_id: str

    def apply(self, book: Book) -> None:
        account = book.ledger.accounts[self.account_id]
        for key in self.transaction_ids:
            book.ledger.echo_removal(described(key, account, "Unheard of", self.day, Decimal(1)))


class Restored(Value):
    """The bank shows lines again that it had taken back, under the ids that they had."""

    kind: Literal["restored"] = "restored"
    transaction_ids: tuple[str, ...]

    def apply(self, book: Book) -> None:
        book.ledger.restore(self.transaction_ids)


class Garbled(Value):
    """Plaid sends a line in an odd form from now on, or with nothing odd in plain form again."""

    kind: Literal["garbled"] = "garbled"
    transaction_id: str
    fields: dict[str, str]
    drop: tuple[str, ...] = ()

    def apply(self, book: Book) -> None:
        oddity = Oddity(tuple(self.fields.items()), self.drop) if self.fields or self.drop else None
        book.ledger.put([replace(book.standing(self.transaction_id), oddity=oddity)])


def _row(book: Book, line: Line, key: str) -> Transaction:
    account = book.ledger.accounts[line.account_id]
    row = described(book.login.identifier(key), account, line.text, line.posted_on, line.amount)
    sort = row.category if line.category is None else category(line.category, "HIGH")
    row = replace(row, category=sort, kind=kind_of(sort, line.amount), authorized_date=line.authorized_on)
    row = replace(row, currency=line.currency, pending_transaction_id=line.pending_transaction_id)
    return hold(row) if line.pending else row
