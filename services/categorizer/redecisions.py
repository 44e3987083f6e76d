"""Asking for transactions to be decided, again or at last."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from categorizer.store.transactions import Undecided
from common.events import CHUNK, TransactionsChanged


def redecisions(rows: Iterable[Undecided]) -> Iterator[TransactionsChanged]:
    """Yield events of one integration each; the delay counts from when the oldest of their rows changed."""
    integration = attrgetter("integration_id")
    for integration_id, group in groupby(sorted(rows, key=integration), key=integration):
        mine = list(group)
        for start in range(0, len(mine), CHUNK):
            chunk = mine[start : start + CHUNK]
            yield TransactionsChanged(
                integration_id=integration_id,
                transaction_ids=[row.id for row in chunk],
                rung_at=min(row.since for row in chunk),
            )
