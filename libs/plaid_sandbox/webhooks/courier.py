"""Delivers webhooks as Plaid does: each attempt signed anew, 10 s to answer, then again after 30 s, 2 min, 8 min ..."""

import asyncio
import json
import logging
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx2

from plaid_sandbox.clock import Clock
from plaid_sandbox.durability import Durability
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


@dataclass(slots=True, eq=False)
class Parcel:
    """A webhook on its way: the attempts made, and when the next one is due by the stand-in's clock."""

    url: str
    payload: Mapping[str, object]
    due: datetime
    attempts: int = 0

    @property
    def body(self) -> bytes:
        """Its exact bytes: Plaid prints bodies with two spaces, and receivers must hash just what they got."""
        return json.dumps(dict(sorted(self.payload.items())), indent=2).encode()


class Courier:
    """Sends without waiting; a slow receiver delays its own webhooks only."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        keys: KeyRing,
        clock: Clock,
        tasks: Tasks,
        *,
        durability: Durability,
        settings: Settings,
    ) -> None:
        self.faults = Faults()
        self.deliveries: deque[Delivery] = deque(maxlen=10_000)
        self._client = client
        self._keys = keys
        self._clock = clock
        self._tasks = tasks
        self._durability = durability
        self._settings = settings
        self._held: list[Parcel] = []
        self._on_the_way: dict[Parcel, None] = {}
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))

    def send(self, url: str, payload: Mapping[str, object]) -> None:
        """Post this payload to the receiver, subject to the faults that are switched on."""
        if self.faults.drop:
            self.faults = self.faults.model_copy(update={"drop": self.faults.drop - 1})
            return
        self._held.append(Parcel(url, payload, self._clock.now() + timedelta(seconds=self.faults.delay)))
        self._durability.note()
        if len(self._held) >= self.faults.reorder:
            self.release()

    @property
    def undelivered(self) -> list[Parcel]:
        """What was sent and neither taken nor given up."""
        return [*self._on_the_way, *self._held]

    def resume(self, parcels: Sequence[Parcel]) -> None:
        """Send on what an earlier run had not delivered."""
        for parcel in parcels:
            self._start(parcel)

    def release(self) -> None:
        """Send what a reorder fault holds back: latest first and in turn, or shuffled and at once."""
        held, self._held = self._held, []
        parcels = [replace(parcel) for parcel in self.faults.copies(held)]
        if self.faults.reorder and self.faults.shuffle is None:
            self._on_the_way |= dict.fromkeys(parcels)
            self._tasks.start(self._deliver_in_turn(parcels))
        else:
            for parcel in parcels:
                self._start(parcel)
        for forgery in self.faults.forge:
            for parcel in held:
                self._tasks.start(self._post_forged(parcel, forgery))

    def _start(self, parcel: Parcel) -> None:
        self._on_the_way[parcel] = None
        self._tasks.start(self._deliver(parcel))

    async def _deliver_in_turn(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            await self._deliver(parcel)

    async def _deliver(self, parcel: Parcel) -> None:
        await self._durability.settled()
        while not await self._is_over(parcel):
            self._durability.note()
        del self._on_the_way[parcel]
        self._durability.note()

    async def _is_over(self, parcel: Parcel) -> bool:
        """Wait for the next attempt and make it; return whether it was taken or the last."""
        await self._clock.until(parcel.due)
        answer = await self._attempt(parcel)
        if answer is not None and answer.status_code == httpx2.codes.OK:
            return True
        if parcel.attempts > len(RETRY_DELAYS):
            _log.warning("gave up a webhook to %s", parcel.url)
            return True
        wait = pause_after(answer, RETRY_DELAYS[parcel.attempts - 1], self._clock.wall())
        parcel.due = self._clock.now() + timedelta(seconds=wait * self._settings.retry_scale)
        return False

    async def _attempt(self, parcel: Parcel) -> httpx2.Response | None:
        async with self._lanes[urlsplit(parcel.url).netloc]:
            body = parcel.body
            answer = await self._post(parcel.url, body, self._keys.current.sign(body, self._clock.wall()))
        parcel.attempts += 1
        self._note(parcel, parcel.attempts, answer, None)
        return answer

    async def _post_forged(self, parcel: Parcel, forgery: str) -> None:
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

    def _note(self, parcel: Parcel, attempt: int, answer: httpx2.Response | None, forged: str | None) -> None:
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
