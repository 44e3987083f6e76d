"""Compares all that Plaid says of an item with all that we hold of it, while both go on changing.

Looks, in this order: at our rows and the cursor that they stand for; at all of Plaid's, from the beginning; at the
news since our cursor; at the news since that beginning's end; at the accounts. What the news name our next sync brings,
so it is left out, and so is what belongs to an account that is not open at the end. The rest was the same at Plaid at
every look, and must be the same with us. (The second news are needed because Plaid need not name, after our cursor,
what came and went since.)
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import NamedTuple

from sync_worker.domain.pages import Page, Unusable
from sync_worker.domain.plan import fold, place

SAMPLE = 20


class Held(NamedTuple):
    """Our row of a transaction that stands, and Plaid's id of its account."""

    content_hash: bytes
    account_id: str


@dataclass(frozen=True, slots=True)
class Ours:
    """What we hold of an item."""

    rows: Mapping[str, Held]
    accounts: AbstractSet[str]
    """Those that Plaid still named at the last sync; the rows of others are history that we keep."""
    quarantined: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Theirs:
    """What Plaid says of the open accounts: each transaction's hash, None for one that we cannot use."""

    hashes: Mapping[str, bytes | None]
    accounts: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Findings:
    """Where the two differ; `compared` counts what both sides could be asked about."""

    compared: int
    quarantined: int
    missing: Sequence[str]
    extra: Sequence[str]
    different: Sequence[str]

    @property
    def counts(self) -> dict[str, int]:
        """The number of differences by kind."""
        return {kind: len(ids) for kind, ids in self._by_kind().items()}

    @property
    def sample(self) -> list[dict[str, str]]:
        """A few of them, of every kind some."""
        columns = [[(one, kind) for one in ids[:SAMPLE]] for kind, ids in self._by_kind().items()]
        mixed = (found for found in chain.from_iterable(zip_longest(*columns)) if found)
        return [{"transaction_id": one, "kind": kind} for one, kind in islice(mixed, SAMPLE)]

    def _by_kind(self) -> dict[str, Sequence[str]]:
        return {"missing": self.missing, "extra": self.extra, "different": self.different}


def stated(pages: Sequence[Page], accounts: AbstractSet[str]) -> Theirs:
    """Return what a complete reading from the beginning says of these accounts."""
    changes = place(fold(pages), pages, accounts)
    unusable = (one.transaction_id for one in changes.unusable.values() if _account_of(one) in accounts)
    hashes: dict[str, bytes | None] = dict.fromkeys(unusable)
    hashes |= {one: pages[page].hashes[line] for one, (page, line) in changes.upserts.items()}
    return Theirs(hashes, accounts)


def named(pages: Iterable[Page]) -> set[str]:
    """Return every transaction_id that these pages bring news of."""
    return {
        one
        for page in pages
        for one in chain(page.ids, page.removed, (unusable.transaction_id for unusable in page.unusable))
    }


def compare(ours: Ours, theirs: Theirs, news: AbstractSet[str]) -> Findings:
    """Return where the two differ, the news left out.

    What waits in quarantine is not missing: it is known, and tried again.
    """
    asked = theirs.hashes.keys() - news
    waiting = asked & ours.quarantined
    both = asked - waiting
    common = both & ours.rows.keys()
    open_accounts = ours.accounts & theirs.accounts
    kept = ours.rows.keys() - theirs.hashes.keys() - news
    extra = sorted(one for one in kept if ours.rows[one].account_id in open_accounts)
    return Findings(
        compared=len(both) + len(extra),
        quarantined=len(waiting),
        missing=sorted(both - common),
        extra=extra,
        different=sorted(one for one in common if ours.rows[one].content_hash != theirs.hashes[one]),
    )


def _account_of(transaction: Unusable) -> object:
    raw = json.loads(transaction.raw)
    return raw.get("account_id") if isinstance(raw, dict) else None
