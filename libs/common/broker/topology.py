"""Exchange and queues as data; every process declares all of it at start, so no event can outrun its queue."""

from dataclasses import dataclass, field
from datetime import timedelta

EXCHANGE = "bank.events"
DELAYS = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1))
"""Waiting rooms for faults of handlers; Plaid's own failures live in `next_sync_at`, not here."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue `<service>.<verb>` and the routing keys bound to it.

    A `hint` queue is a process's own and dies with it: its messages may be lost, because a table keeps what they say.
    """

    name: str
    routing_keys: tuple[str, ...]
    delays: tuple[timedelta, ...] = field(default=DELAYS)
    hint: bool = False


SYNC = Queue("sync_worker.sync", ("item.webhook_received", "item.sync_requested", "item.removal_requested"))
SWEEP = Queue("sync_worker.sweep", ("item.sync_requested.sweep", "item.audit_requested"))
CATEGORIZE = Queue("categorizer.categorize", ("transactions.changed",))
LEARN = Queue("categorizer.learn", ("expense.corrected",))
BROWSERS = Queue(
    "link_api.browsers",
    ("item.status_changed", "sync.progress", "user.notified", "expenses.changed", "rules.changed"),
    delays=(),
    hint=True,
)

QUEUES = (SYNC, SWEEP, CATEGORIZE, LEARN)
"""The durable ones."""
HINTS = frozenset(BROWSERS.routing_keys)
"""Routing keys that need no queue: published without the mandatory flag."""
