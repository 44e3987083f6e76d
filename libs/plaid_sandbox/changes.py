"""What can happen to a book, as values: the same ones in the same order give the same truth, ids and cursors."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from plaid_sandbox.bank import transitions
from plaid_sandbox.bank.history import hold
from plaid_sandbox.bank.lines import described
from plaid_sandbox.bank.transactions import Transaction, kind_of
from plaid_sandbox.book import Book, Stage


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Shared(_Value):
    """The user shares these accounts and no others; of new ones as much is read as of the old ones."""

    kind: Literal["shared"] = "shared"
    day: date
    account_ids: tuple[str, ...]

    def apply(self, book: Book) -> None:
        book.account_ids = set(self.account_ids)
        book.read(self.day)


class HistoryRead(_Value):
    """Plaid read the bank's history as far as this stage shows it."""

    kind: Literal["history_read"] = "history_read"
    day: date
    stage: Stage

    def apply(self, book: Book) -> None:
        book.stage = self.stage
        book.read(self.day)


class Refreshed(_Value):
    """Plaid read the bank again: pending lines post, new ones appear, old ones come once more."""

    kind: Literal["refreshed"] = "refreshed"
    day: date

    def apply(self, book: Book) -> None:
        book.read(self.day)
        transitions.refresh(book.ledger, book.login, book.slots, f"refresh {book.ledger.version}", self.day)


class Spent(_Value):
    """The user bought a few things, as they usually do; all still pending."""

    kind: Literal["spent"] = "spent"
    day: date

    def apply(self, book: Book) -> None:
        occasion = f"spent {book.ledger.version}"
        book.ledger.put(transitions.arrivals(book.login, book.slots, occasion, self.day))


class Line(_Value):
    """A transaction that somebody ordered."""

    account_id: str
    text: str
    amount: Decimal
    posted_on: date
    authorized_on: date
    pending: bool = False


class Created(_Value):
    """Somebody ordered these transactions."""

    kind: Literal["created"] = "created"
    lines: tuple[Line, ...]

    def apply(self, book: Book) -> None:
        occasion = f"created {book.ledger.version}"
        book.ledger.put([_row(book, line, f"{occasion}.{number}") for number, line in enumerate(self.lines)])


class Edited(_Value):
    """The bank corrected a line, or sent it again as it was."""

    kind: Literal["edited"] = "edited"
    transaction_id: str
    amount: Decimal | None = None
    name: str | None = None
    posted_on: date | None = None

    def apply(self, book: Book) -> None:
        row = book.standing(self.transaction_id)
        amount = row.amount if self.amount is None else self.amount
        edited = replace(row, amount=amount, kind=kind_of(row.category, amount), name=self.name or row.name)
        book.ledger.put([replace(edited, date=self.posted_on or row.date)])


class Withdrawn(_Value):
    """The bank took lines back, pending or posted."""

    kind: Literal["withdrawn"] = "withdrawn"
    transaction_ids: tuple[str, ...]

    def apply(self, book: Book) -> None:
        rows = [book.standing(transaction_id) for transaction_id in self.transaction_ids]
        book.ledger.remove(row.transaction_id for row in rows)


Change = Annotated[Shared | HistoryRead | Refreshed | Spent | Created | Edited | Withdrawn, Field(discriminator="kind")]


def _row(book: Book, line: Line, key: str) -> Transaction:
    account = book.ledger.accounts[line.account_id]
    row = described(book.login.identifier(key), account, line.text, line.posted_on, line.amount)
    row = replace(row, authorized_date=line.authorized_on)
    return hold(row) if line.pending else row
