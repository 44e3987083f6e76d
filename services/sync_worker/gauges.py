"""How the whole system stands, as gauges: each worker exports the same, so whoever asks takes the max()."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from time import monotonic

import structlog
from prometheus_client import Counter, Gauge

from common import census
from common.broker import Broker
from common.census import Census
from common.database import Database
from common.limits import WINDOWS, Limits

log = structlog.get_logger(__name__)

ITEMS = Gauge("items", "Items by state", ["state"])
FRESHNESS = Gauge("item_freshness_seconds", "Time since the last success of items that are synced", ["quantile"])
FAILING = Gauge(
    "institution_items_failing_ratio",
    "Share of an institution's items whose last sync failed, of the worst institutions",
    ["institution_id"],
)
LIMIT_USED = Gauge(
    "plaid_limit_used_ratio", "Calls of Plaid within a limit's window, of those allowed", ["endpoint", "limit"]
)
QUARANTINED = Gauge("quarantined_transactions", "Transactions that could not be used and wait for another try")
REVIEWS = Gauge("expenses_needing_review_ratio", "Share of the newest expenses that wait for their user's answer")
WAITING = Gauge("queue_messages", "Messages that no consumer has in hand", ["queue"])
OLDEST = Gauge("queue_oldest_seconds", "Age of the oldest work that a queue stands for", ["queue"])
AGE = Gauge("census_age_seconds", "Time since the figures of the tables were counted, or since the start")
FAILED = Counter("census_failures_total", "Censuses that failed, by what did not answer", ["source"])

EVERY = 15.0
"""Seconds."""
REST = 20
"""Times as long as a census took: however large the tables are, it uses a twentieth of the time at most."""
UNITS = {float(seconds): unit for unit, seconds in WINDOWS.items()}


def pause_after(took: float) -> float:
    """Return how many seconds to wait after a census that took so many."""
    return max(EVERY, REST * took)


class Gauges:
    """Counts again and again; what cannot be counted now is counted next time."""

    def __init__(self, database: Database, broker: Broker, limits: Limits, max_silence: timedelta) -> None:
        self._database = database
        self._broker = broker
        self._limits = limits
        self._max_silence = max_silence
        self._counted_at = monotonic()
        AGE.set_function(lambda: monotonic() - self._counted_at)

    async def run(self) -> None:
        """Count until cancelled."""
        while True:
            began = monotonic()
            await self.once()
            await asyncio.sleep(pause_after(monotonic() - began))

    async def once(self) -> None:
        """Count once; a failure is counted, logged, and leaves the figures of the tables as they were."""
        await _surviving("tables", self._count_tables)
        await _surviving("broker", self._count_messages)

    async def _count_tables(self) -> None:
        _show(await census.take(self._database, self._limits, self._max_silence))
        self._counted_at = monotonic()

    async def _count_messages(self) -> None:
        depths: Mapping[str, int] = {}
        try:
            depths = await self._broker.depths()
        finally:  # what nobody can tell any more goes
            WAITING.clear()
            for queue, messages in depths.items():
                WAITING.labels(queue).set(messages)


async def _surviving(source: str, count: Callable[[], Awaitable[None]]) -> None:
    try:
        await count()
    except Exception as error:  # noqa: BLE001 - who counts must never stop those who work
        FAILED.labels(source).inc()
        log.warning("census.failed", source=source, error=type(error).__name__)


def _show(found: Census) -> None:
    """Set every gauge; what is told of no more goes."""
    for gauge in (ITEMS, FRESHNESS, FAILING, LIMIT_USED, OLDEST):
        gauge.clear()
    for state, number in found.items.items():
        ITEMS.labels(state).set(number)
    for quantile, seconds in found.freshness.items():
        FRESHNESS.labels(f"{quantile:g}").set(seconds)
    for institution in found.institutions:
        FAILING.labels(institution.institution_id).set(institution.failing_ratio)
    for share in found.limits_used:
        LIMIT_USED.labels(share.endpoint, f"client/{UNITS[share.seconds]}").set(share.used)
    for queue, seconds in found.oldest_work.items():
        OLDEST.labels(queue).set(seconds)
    QUARANTINED.set(found.quarantined)
    REVIEWS.set(found.reviews.ratio)
