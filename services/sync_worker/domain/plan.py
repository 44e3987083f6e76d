"""From a complete loop of pages and what we know to what must be written.

Rules (plaid.com/docs/api/products/transactions/#transactionssync): a later page wins over an earlier one; within a page
a removal wins; a `modified` that changes nothing does nothing; a removal is a tombstone; what was removed may return.
What we cannot use is set aside, and so is what belongs to an account that nobody knows. A reading from the beginning
says everything: what stands with us and is not in it was removed while we could not hear of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from sync_worker.domain.pages import Page, Unusable


@dataclass(frozen=True, slots=True)
class Known:
    """What our row of a transaction says."""

    content_hash: bytes
    removed: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What a complete loop says, folded: for each id the one place that counts."""

    upserts: Mapping[str, tuple[int, int]]
    """transaction_id → (page, line)"""
    removed: frozenset[str]
    unusable: Mapping[str, Unusable]

    @property
    def ids(self) -> list[str]:
        """Every transaction_id that we can write."""
        return [*self.upserts, *self.removed]


@dataclass(slots=True)
class Plan:
    """What to write: lines by page, which of them we have already, tombstones, and how many are new."""

    lines: dict[int, list[int]] = field(default_factory=dict)
    modified: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added_count: int = 0

    @property
    def replaced(self) -> list[str]:
        """The transactions of which we hold a row that will say something else."""
        return [*self.modified, *self.removed]


def fold(pages: Sequence[Page]) -> Changes:
    """Return what the loop's pages say together."""
    upserts: dict[str, tuple[int, int]] = {}
    unusable: dict[str, Unusable] = {}
    removed: set[str] = set()
    for number, page in enumerate(pages):
        for line, transaction_id in enumerate(page.ids):
            upserts[transaction_id] = (number, line)
            unusable.pop(transaction_id, None)
            removed.discard(transaction_id)
        for one in page.unusable:
            unusable[one.transaction_id] = one
            upserts.pop(one.transaction_id, None)
            removed.discard(one.transaction_id)
        for transaction_id in page.removed:
            upserts.pop(transaction_id, None)
            unusable.pop(transaction_id, None)
            removed.add(transaction_id)
    return Changes(upserts, frozenset(removed), unusable)


def close(changes: Changes, standing: Iterable[str]) -> Changes:
    """Return what a complete reading from the beginning means beside what stands with us."""
    absent = {one for one in standing if one not in changes.upserts and one not in changes.unusable}
    return replace(changes, removed=changes.removed | absent)


def place(changes: Changes, pages: Sequence[Page], accounts: AbstractSet[str]) -> Changes:
    """Return the changes with those set aside whose account is not among `accounts`."""
    strangers = {n: page.strangers(accounts) for n, page in enumerate(pages) if not page.account_ids <= accounts}
    lost = {
        transaction_id: strangers[page][line]
        for transaction_id, (page, line) in changes.upserts.items()
        if line in strangers.get(page, ())
    }
    kept = {transaction_id: at for transaction_id, at in changes.upserts.items() if transaction_id not in lost}
    return replace(changes, upserts=kept, unusable={**changes.unusable, **lost})


def plan(known: Mapping[str, Known], changes: Changes, pages: Sequence[Page]) -> Plan:
    """Return the writes that make what we know equal to what the loop says, and nothing more."""
    todo = Plan()
    for transaction_id, (page, line) in changes.upserts.items():
        ours = known.get(transaction_id)
        if ours is not None and not ours.removed and ours.content_hash == pages[page].hashes[line]:
            continue
        todo.lines.setdefault(page, []).append(line)
        if ours is None:
            todo.added_count += 1
        else:
            todo.modified.append(transaction_id)
    todo.removed = sorted(i for i in changes.removed if i in known and not known[i].removed)
    return todo
