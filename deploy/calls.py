"""Judges the stand-in's log of calls: that no item is ever synced twice at once, and that work spreads over callers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import httpx2

SYNC = "/transactions/sync"
Row = Mapping[str, Any]


@dataclass(slots=True)
class PageLoop:
    """Pages of one item that one caller read in a row, each from where the one before ended."""

    item_id: str
    caller: str
    calls: list[Row] = field(default_factory=list)

    @property
    def began(self) -> int:
        """The log's sequence number at which the first page was asked for."""
        return int(self.calls[0]["began"])

    @property
    def ended(self) -> float:
        """The log's sequence number at which the last page was answered; infinite while it is being read."""
        ended: int | None = self.calls[-1]["ended"]
        return float("inf") if ended is None else ended

    def goes_on_with(self, call: Row) -> bool:
        """Whether this call asks for the page after the last one that was read; a failed page is asked for again."""
        read = next((page for page in reversed(self.calls) if page["next_cursor"] is not None), None)
        return read is not None and read["has_more"] and call["cursor"] == read["next_cursor"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two page loops of one item at the same time."""

    one: PageLoop
    other: PageLoop

    def __str__(self) -> str:
        """Return a sentence for a failed test."""
        return (
            f"{self.one.item_id}: {self.one.caller} read from {self.one.began} to {self.one.ended},"
            f" {self.other.caller} from {self.other.began} to {self.other.ended}"
        )


async def sync_calls(sandbox: httpx2.AsyncClient, since: int = 0) -> Sequence[Row]:
    """Return the calls of /transactions/sync that began after this number, or raise ValueError if some are lost."""
    answer = await sandbox.get("/sandbox_control/calls", params={"path": SYNC, "since": since})
    log = answer.raise_for_status().json()
    if log["dropped_through"] > since:
        raise ValueError(f"the stand-in's log has dropped the calls up to {log['dropped_through']}")
    calls: Sequence[Row] = log["calls"]
    return calls


def spread(calls: Iterable[Row]) -> Counter[str]:
    """Return how many items each caller synced; a caller that took no part is not in it."""
    return Counter(caller for caller, _ in {(call["caller"], call["item_id"]) for call in calls if call["item_id"]})


def page_loops(calls: Iterable[Row]) -> list[PageLoop]:
    """Return the page loops in these calls of /transactions/sync, in the order they began.

    What does not go on where its caller left off begins a new loop: a restart after a mutation, another try after a
    crash, the next news.
    """
    latest: dict[tuple[str, str], PageLoop] = {}
    loops: list[PageLoop] = []
    for call in sorted(calls, key=itemgetter("began")):
        if call["item_id"] is None:
            continue
        owner = (call["item_id"], call["caller"])
        if owner not in latest or not latest[owner].goes_on_with(call):
            latest[owner] = PageLoop(*owner)
            loops.append(latest[owner])
        latest[owner].calls.append(call)
    return loops


def overlaps(calls: Iterable[Row]) -> list[Overlap]:
    """Return where an item was synced twice at once: nowhere, as long as its lease holds.

    That is: page loops of two callers that interleave between first and last page, or two calls that overlap in time,
    were they one caller's.
    """
    by_item: defaultdict[str, list[PageLoop]] = defaultdict(list)
    for loop in page_loops(calls):
        by_item[loop.item_id].append(loop)
    return [overlap for loops in by_item.values() for overlap in _clashes(loops)]


def _clashes(loops: Sequence[PageLoop]) -> Iterator[Overlap]:
    """Yield each loop that began before all earlier ones had ended, with the one that ended last."""
    longest = loops[0]
    for loop in loops[1:]:
        if loop.began < longest.ended:
            yield Overlap(longest, loop)
        longest = max(longest, loop, key=lambda one: one.ended)
