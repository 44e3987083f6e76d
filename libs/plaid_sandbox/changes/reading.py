"""What can happen to Plaid's reading of a login, and to its clients' reading of Plaid."""

from datetime import date
from typing import Literal

from plaid_sandbox.bank import transitions
from plaid_sandbox.book import Book, Stage
from plaid_sandbox.changes.value import Value
from plaid_sandbox.sync import Paging


class HistoryRead(Value):
    """Plaid read the bank's history as far as this stage shows it."""

    kind: Literal["history_read"] = "history_read"
    day: date
    stage: Stage

    def apply(self, book: Book) -> None:
        book.stage = self.stage
        book.read(self.day)


class Refreshed(Value):
    """Plaid read the bank again: pending lines post, new ones appear, old ones come once more."""

    kind: Literal["refreshed"] = "refreshed"
    day: date

    def apply(self, book: Book) -> None:
        book.read(self.day)
        transitions.refresh(book.ledger, book.login, book.slots, f"refresh {book.ledger.version}", self.day)


class CursorsRefused(Value):
    """Plaid forgot every cursor that it has handed out for this Item."""

    kind: Literal["cursors_refused"] = "cursors_refused"

    def apply(self, book: Book) -> None:
        book.cursor_generation += 1


class Paged(Value):
    """From now on updates are cut into pages like this."""

    kind: Literal["paged"] = "paged"
    paging: Paging

    def apply(self, book: Book) -> None:
        book.paging = self.paging
