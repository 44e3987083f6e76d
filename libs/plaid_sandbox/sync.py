"""One page of /transactions/sync: what changed in the bank's log between a cursor and now."""

from collections.abc import Collection
from dataclasses import dataclass, field

from plaid_sandbox.bank.ledger import Entry, Ledger
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.cursors import Cursor
from plaid_sandbox.errors import PlaidError


@dataclass(slots=True)
class Page:
    """Up to `count` updates, each array in the order of its last change, and where the next page begins."""

    cursor: Cursor
    has_more: bool = False
    added: list[Transaction] = field(default_factory=list)
    modified: list[Transaction] = field(default_factory=list)
    removed: list[Transaction] = field(default_factory=list)

    @property
    def account_ids(self) -> set[str]:
        """The accounts that occur on this page."""
        return {row.account_id for rows in (self.added, self.modified, self.removed) for row in rows}

    def __len__(self) -> int:
        return len(self.added) + len(self.modified) + len(self.removed)


def page_after(ledger: Ledger, cursor: Cursor, count: int, account_ids: Collection[str]) -> Page:
    """Return the next page for these accounts; a loop whose data has changed since its first page raises."""
    if cursor.finished:
        cursor = Cursor(cursor.since, cursor.start, cursor.start, ledger.version)
    elif cursor.snapshot != ledger.version:
        raise PlaidError("TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION")
    page = Page(cursor.finish())
    position = cursor.position
    for entry in ledger.changed_since(cursor.position):
        update = _update(entry, cursor, page) if entry.transaction.account_id in account_ids else None
        if update is None:
            continue
        if len(page) == count:
            page.has_more = True
            page.cursor = Cursor(cursor.since, cursor.start, position, cursor.snapshot)
            break
        update.append(entry.transaction)
        position = entry.version
    return page


def _update(entry: Entry, cursor: Cursor, page: Page) -> list[Transaction] | None:
    """Return the array in which the reader must hear of this entry, if at all."""
    known = entry.stood_at(cursor.start, cursor.since)
    if entry.stands:
        return page.modified if known else page.added
    return page.removed if known else None
