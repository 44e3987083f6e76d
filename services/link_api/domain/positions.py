"""Where a stream of user events stands, exactly, although ids become visible out of order.

An id is drawn before its transaction commits, so event 7 can be read before event 6 exists for us. PostgreSQL's
snapshot tells when no 6 can come any more: event 7 was drawn by then, so whoever holds a smaller id had begun before
the snapshot's `next_xid`; once every transaction below that is over, all that is at or below 7 has been seen.
(`outbox.emit` writes its outbox row first, so a transaction has its xid before it draws an event's id.)
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """pg_current_snapshot() of the reading statement: every transaction below `oldest_running` is over."""

    oldest_running: int
    next_xid: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Once every transaction below `xid` is over, no event at or below `top` can appear any more."""

    top: int
    xid: int


@dataclass(frozen=True, slots=True)
class Position:
    """All at or below `floor` was sent, and nothing can appear there any more; `sent` are the events above it."""

    floor: int = 0
    sent: frozenset[int] = frozenset()
    mark: Mark | None = None

    def advance(self, ids: Sequence[int], snapshot: Snapshot, *, full: bool = False) -> "Position":
        """Return the position after these unsent ids, in ascending order, were read by the snapshot's statement.

        `full`: the statement stopped at its limit, so what lies beyond the last id is not read yet.
        """
        sent = self.sent.union(ids)
        reach = ids[-1] if full else max(sent, default=self.floor)
        latest = Mark(reach, snapshot.next_xid)
        settled = [mark for mark in (self.mark, latest) if mark and mark.xid <= snapshot.oldest_running]
        floor = max(self.floor, min(reach, max((mark.top for mark in settled), default=self.floor)))
        open_marks = [mark for mark in (self.mark, latest) if mark and mark not in settled and mark.top > floor]
        return Position(floor, frozenset(id_ for id_ in sent if id_ > floor), open_marks[0] if open_marks else None)

    def resume_at(self, id_: int) -> int:
        """Return the id that a client may resume after without missing anything, once it has the event `id_`."""
        return min(id_, self.floor)
