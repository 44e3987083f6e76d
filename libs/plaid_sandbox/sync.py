"""One page of /transactions/sync: what changed in the bank's log between a cursor and now."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import NamedTuple

from plaid_sandbox.bank.ledger import Entry, Ledger
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.cursors import AS_LOGGED, Cursor
from plaid_sandbox.errors import PlaidError


class Paging(NamedTuple):
    """How updates are cut into pages: so many at most, whatever the reader asks, and in which order.

    The order is `log`, `removed_first`, `removed_last` or `shuffled:<seed>`; a loop keeps the one it began with.
    """

    size: int | None = None
    order: str = AS_LOGGED


AS_ASKED = Paging()


@dataclass(slots=True)
class Page:
    """Up to `count` updates, and where the next page begins. In log order each array goes by its last change."""

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


def page_after(
    ledger: Ledger, cursor: Cursor, count: int, account_ids: Collection[str], paging: Paging = AS_ASKED
) -> Page:
    """Return the next page for these accounts; a loop whose data has changed since its first page raises."""
    if cursor.finished:
        cursor = cursor.begin(ledger.version, paging.order)
    elif cursor.snapshot != ledger.version:
        raise PlaidError("TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION")
    room = min(count, paging.size or count)
    page = Page(cursor.finish())
    arrays = {True: page.modified, False: page.added}
    logged, position = cursor.order == AS_LOGGED, cursor.position
    for entry in _updates_after(ledger, cursor, account_ids):
        if not room:
            page.has_more = True
            page.cursor = cursor.at(position)
            break
        array = arrays[entry.stood_at(cursor.start, cursor.since)] if entry.stands else page.removed
        array.append(entry.transaction)
        room -= 1
        position = entry.version if logged else position + 1
    return page


def _updates_after(ledger: Ledger, cursor: Cursor, account_ids: Collection[str]) -> Iterator[Entry]:
    """Yield what the reader must hear of from here on."""
    if cursor.order == AS_LOGGED:
        return _news(ledger, cursor, cursor.position, account_ids)
    news = _ordered(list(_news(ledger, cursor, cursor.start, account_ids)), cursor.order)
    return islice(news, cursor.position, None)


def _news(ledger: Ledger, cursor: Cursor, version: int, account_ids: Collection[str]) -> Iterator[Entry]:
    for entry in ledger.changed_since(version):
        if entry.transaction.account_id not in account_ids:
            continue
        if entry.stands or entry.stood_at(cursor.start, cursor.since) or entry.echoed > cursor.start:
            yield entry


def _ordered(news: list[Entry], order: str) -> list[Entry]:
    if order.startswith("removed"):
        return sorted(news, key=lambda entry: entry.stands == (order == "removed_first"))
    Random(int(order.partition(":")[2])).shuffle(news)  # noqa: S311 - an order, no secret
    return news
