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
from webhook_ingest.bucket import Bucket
from webhook_ingest.domain.refusal import KeyUnavailable
from webhook_ingest.domain.signature import MAX_AGE
from webhook_ingest.jwk import Key

log = structlog.get_logger(__name__)

LOOKUPS = Counter("webhook_key_lookups_total", "Look-ups of verification keys by result", ["result"])
FETCHES = Counter("webhook_key_fetches_total", "Calls of Plaid for verification keys by outcome", ["outcome"])

TIME_TO_LIVE = 24 * 3600.0
UNKNOWN_FOR = 60.0
PATIENCE = 4.0
"""Seconds. A webhook waits that long for a key: Plaid gives up on us after 10."""
BURST = 5
PER_SECOND = 1 / 5

NO_SUCH_KEY = "INVALID_WEBHOOK_VERIFICATION_KEY_ID"

Fetch = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Asks Plaid for one key of our environment, or raises PlaidError."""


class UnknownKey(Exception):
    """Plaid has no such key in this environment."""


class Keys:
    """The keys of one environment by id.

    One fetch in flight per id; ids that Plaid does not know are remembered; fetches for new ids are rate-limited. A key
    once fetched goes on while Plaid cannot be reached, and is fetched again in the background once a day.
    """

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.time, bucket: Bucket | None = None) -> None:
        self._ask_plaid = fetch
        self._clock = clock
        self._bucket = bucket or Bucket(BURST, PER_SECOND)
        self._known: dict[str, Key] = {}
        self._unknown: dict[str, float] = {}
        self._in_flight: dict[str, asyncio.Task[Key]] = {}

    async def get(self, key_id: str) -> Key:
        """Return the key, or raise UnknownKey or KeyUnavailable."""
        if key := self._known.get(key_id):
            LOOKUPS.labels("hit").inc()
            return key
        if self._clock() < self._unknown.get(key_id, 0):
            LOOKUPS.labels("unknown").inc()
            raise UnknownKey
        flight = self._in_flight.get(key_id) or self._take_off(key_id)
        done, _ = await asyncio.wait({flight}, timeout=PATIENCE)
        if not done:
            raise KeyUnavailable("Plaid is slow to hand out the key")
        return flight.result()

    def _take_off(self, key_id: str) -> asyncio.Task[Key]:
        if not self._bucket.take():
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
            answer = await self._ask_plaid(key_id)
            key = jwk.read(answer, key_id, self._clock())
        except PlaidError as error:
            if error.code == NO_SUCH_KEY:
                FETCHES.labels("unknown").inc()
                self._remember_unknown(key_id)
                raise UnknownKey from None
            FETCHES.labels("failed").inc()
            log.warning("keys.unavailable", error_code=error.code, request_id=error.details.request_id)
            raise KeyUnavailable("Plaid does not hand out keys") from None
        FETCHES.labels("ok").inc()
        self._known[key_id] = key
        return key

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
