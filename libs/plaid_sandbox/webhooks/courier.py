"""Delivers webhooks as Plaid does: each attempt signed anew, 10 s to answer, then again after 30 s, 2 min, 8 min ..."""

import asyncio
import json
import logging
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import httpx2

from plaid_sandbox.clock import Clock
from plaid_sandbox.settings import Settings
from plaid_sandbox.tasks import Tasks
from plaid_sandbox.webhooks.faults import Faults
from plaid_sandbox.webhooks.forgeries import forge
from plaid_sandbox.webhooks.keys import KeyRing
from plaid_sandbox.webhooks.retries import RETRY_DELAYS, pause_after

_log = logging.getLogger(__name__)
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt, for the control API; `status` is None where nobody answered."""

    at: datetime
    url: str
    code: str
    item_id: str | None
    attempt: int
    status: int | None
    forged: str | None


@dataclass(frozen=True, slots=True)
class _Parcel:
    url: str
    payload: Mapping[str, object]
    body: bytes


class Courier:
    """Sends without waiting; a slow receiver delays its own webhooks only."""

    def __init__(
        self, client: httpx2.AsyncClient, keys: KeyRing, clock: Clock, tasks: Tasks, settings: Settings
    ) -> None:
        self.faults = Faults()
        self.deliveries: deque[Delivery] = deque(maxlen=10_000)
        self._client = client
        self._keys = keys
        self._clock = clock
        self._tasks = tasks
        self._settings = settings
        self._held: list[_Parcel] = []
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))

    def send(self, url: str, payload: Mapping[str, object]) -> None:
        """Post this payload to the receiver, subject to the faults that are switched on."""
        if self.faults.drop:
            self.faults = self.faults.model_copy(update={"drop": self.faults.drop - 1})
            return
        # Plaid prints bodies with two spaces, and receivers must hash exactly what they got.
        self._held.append(_Parcel(url, payload, json.dumps(dict(sorted(payload.items())), indent=2).encode()))
        if len(self._held) >= self.faults.reorder:
            self.release()

    def release(self) -> None:
        """Send what a reorder fault holds back, latest first."""
        held, self._held = self._held, []
        latest_first = [parcel for parcel in reversed(held) for _ in range(1 + self.faults.duplicates)]
        if self.faults.reorder:
            self._tasks.start(self._deliver_in_turn(latest_first))
        else:
            for parcel in latest_first:
                self._tasks.start(self._deliver(parcel))
        for forgery in self.faults.forge:
            for parcel in held:
                self._tasks.start(self._post_forged(parcel, forgery))

    async def _deliver_in_turn(self, parcels: Sequence[_Parcel]) -> None:
        for parcel in parcels:
            await self._deliver(parcel)

    async def _deliver(self, parcel: _Parcel) -> None:
        await self._clock.sleep(self.faults.delay)
        for attempt, pause in enumerate((*RETRY_DELAYS, None), start=1):
            answer = await self._attempt(parcel, attempt)
            if answer is not None and answer.status_code == httpx2.codes.OK:
                return
            if pause is not None:
                wait = pause_after(answer, pause, self._clock.wall())
                await self._clock.sleep(wait * self._settings.retry_scale)
        _log.warning("gave up a webhook to %s", parcel.url)

    async def _attempt(self, parcel: _Parcel, attempt: int) -> httpx2.Response | None:
        async with self._lanes[urlsplit(parcel.url).netloc]:
            signature = self._keys.current.sign(parcel.body, self._clock.wall())
            answer = await self._post(parcel.url, parcel.body, signature)
        self._note(parcel, attempt, answer, None)
        return answer

    async def _post_forged(self, parcel: _Parcel, forgery: str) -> None:
        body, signature = forge(forgery, parcel.body, self._keys, self._clock.wall())
        self._note(parcel, 1, await self._post(parcel.url, body, signature), forgery)

    async def _post(self, url: str, body: bytes, signature: str | None) -> httpx2.Response | None:
        headers = {"Content-Type": "application/json", "User-Agent": "plaid-sandbox-webhook"}
        if signature is not None:
            headers["Plaid-Verification"] = signature
        try:
            async with asyncio.timeout(self._settings.webhook_timeout):
                return await self._client.post(url, content=body, headers=headers, timeout=None)
        except (httpx2.HTTPError, TimeoutError):
            return None

    def _note(self, parcel: _Parcel, attempt: int, answer: httpx2.Response | None, forged: str | None) -> None:
        self.deliveries.append(
            Delivery(
                at=self._clock.now(),
                url=parcel.url,
                code=str(parcel.payload["webhook_code"]),
                item_id=str(parcel.payload["item_id"]) if "item_id" in parcel.payload else None,
                attempt=attempt,
                status=answer.status_code if answer is not None else None,
                forged=forged,
            )
        )
