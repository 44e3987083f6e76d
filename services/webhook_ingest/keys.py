"""Plaid's webhook verification keys, cached so that forgers cannot make us call Plaid."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from prometheus_client import Counter

from common.plaid import PlaidError
from webhook_ingest import jwk
from webhook_ingest.domain.refusal import KeyUnavailable
from webhook_ingest.domain.signature import MAX_AGE
from webhook_ingest.jwk import Key
from webhook_ingest.quota import Quota

log = structlog.get_logger(__name__)

LOOKUPS = Counter("webhook_key_lookups_total", "Look-ups of verification keys by result", ["result"])
FETCHES = Counter("webhook_key_fetches_total", "Calls of Plaid for verification keys by outcome", ["outcome"])

TIME_TO_LIVE = 24 * 3600.0
UNKNOWN_FOR = 60.0
PATIENCE = 4.0
"""Seconds. A webhook waits that long for a key: Plaid gives up on us after 10."""
MOST_KEYS = 64
MOST_AT_ONCE = 16
"""Keys kept, and fetches under way; Plaid has a few keys at a time."""

NO_SUCH_KEY = "INVALID_WEBHOOK_VERIFICATION_KEY_ID"

Fetch = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Asks Plaid for one key of our environment, or raises PlaidError."""


class UnknownKey(Exception):
    """Plaid has no such key in this environment."""


class Keys:
    """The keys of one environment by id.

    One fetch in flight per id; ids that Plaid does not know are remembered; fetches for new ids are rate-limited by the
    source that asks. A key once fetched goes on while Plaid cannot be reached, and is fetched again in the background
    once a day, one key after the other.
    """

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.time, quota: Quota | None = None) -> None:
        self._ask_plaid = fetch
        self._clock = clock
        self._quota = quota or Quota()
        self._known: dict[str, Key] = {}
        self._unknown: dict[str, float] = {}
        self._in_flight: dict[str, asyncio.Task[Key]] = {}

    async def get(self, key_id: str, source: str = "") -> Key:
        """Return the key that a webhook from this address names, or raise UnknownKey or KeyUnavailable."""
        if key := self._known.get(key_id):
            LOOKUPS.labels("hit").inc()
            return key
        if self._clock() < self._unknown.get(key_id, 0):
            LOOKUPS.labels("unknown").inc()
            raise UnknownKey
        flight = self._in_flight.get(key_id) or self._take_off(key_id, source)
        done, _ = await asyncio.wait({flight}, timeout=PATIENCE)
        if not done:
            raise KeyUnavailable("Plaid is slow to hand out the key")
        return flight.result()

    def _take_off(self, key_id: str, source: str) -> asyncio.Task[Key]:
        if len(self._in_flight) >= MOST_AT_ONCE or not self._quota.take(source):
            LOOKUPS.labels("rate_limited").inc()
            raise KeyUnavailable("too many unknown keys")
        LOOKUPS.labels("miss").inc()
        flight = self._in_flight[key_id] = asyncio.create_task(self._fetch(key_id), name="fetch a verification key")
        flight.add_done_callback(lambda task: self._land(key_id, task))
        return flight

    def _land(self, key_id: str, task: asyncio.Task[Key]) -> None:
        del self._in_flight[key_id]
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may be waiting any more

    async def _fetch(self, key_id: str) -> Key:
        try:
            key = jwk.read(await self._ask_plaid(key_id), key_id, self._clock())
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the webhook is put off
            raise self._failure(key_id, error) from None
        FETCHES.labels("ok").inc()
        self._remember(key_id, key)
        return key

    def _failure(self, key_id: str, error: Exception) -> UnknownKey | KeyUnavailable:
        if isinstance(error, PlaidError) and error.code == NO_SUCH_KEY:
            FETCHES.labels("unknown").inc()
            self._remember_unknown(key_id)
            return UnknownKey()
        FETCHES.labels("failed").inc()
        details = error.details if isinstance(error, PlaidError) else None
        log.warning(
            "keys.unavailable",
            error=details.error_code if details else type(error).__name__,
            request_id=details.request_id if details else None,
        )
        return KeyUnavailable("Plaid hands out no key that we can use")

    def _remember(self, key_id: str, key: Key) -> None:
        self._known[key_id] = key
        if len(self._known) > MOST_KEYS:
            del self._known[min(self._known, key=lambda known: self._known[known].fetched_at)]

    def _remember_unknown(self, key_id: str) -> None:
        now = self._clock()
        self._known.pop(key_id, None)
        self._unknown = {known: until for known, until in self._unknown.items() if now < until}
        self._unknown[key_id] = now + UNKNOWN_FOR

    async def refresh(self) -> None:
        """Fetch every key again that is a day old, and forget those that can verify nothing any more."""
        for key_id, key in list(self._known.items()):
            if key.expired_at is not None and key.expired_at + MAX_AGE < self._clock():
                del self._known[key_id]
            elif key.fetched_at + TIME_TO_LIVE <= self._clock():
                with suppress(UnknownKey, KeyUnavailable):
                    await self._fetch(key_id)

    async def run(self, every: float = 600.0) -> None:
        """Refresh until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(every)
