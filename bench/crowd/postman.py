"""A probe of webhook_ingest at a steady rate: webhooks that come twice, and such as Plaid never sent."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random
from time import perf_counter
from typing import get_args

import httpx2

from bench.crowd.pace import paced
from bench.crowd.plan import Plan
from bench.requests import PATH, doorbell
from plaid_sandbox.clock import Clock
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.settings import Settings
from plaid_sandbox.webhooks.faults import Forgery
from plaid_sandbox.webhooks.forgeries import forge
from plaid_sandbox.webhooks.keys import KeyRing

SHARE = 1 / 3
"""Of the rate of changes."""
FORGED_EVERY = 5
FORGERIES: Sequence[Forgery] = get_args(Forgery)
STRANGER = "an-item-of-nobody"
"""What forgeries ring for: were one believed, `orphan_items` would tell."""
PLAIDS_PATIENCE = 10.0
"""Seconds that Plaid waits for an answer."""
ONCE = httpx2.Limits(max_keepalive_connections=0)
"""A connection for each: one that rests may be closed while it is taken up again, and that is nobody's fault."""


class Postman:
    """Posts, and keeps what became of it."""

    def __init__(self, client: httpx2.AsyncClient, items: Sequence[str], random: Random) -> None:
        self.copies = self.answered = 0
        self.forgeries: Counter[str] = Counter()
        """By what came of them: 401, or 503 where the key could not be had in time."""
        self.failed: list[str] = []
        """What came of copies in the place of 200."""
        self.milliseconds: list[float] = []
        """From sending a copy to its answer."""
        self._client = client
        self._items = items
        self._random = random
        self._clock = Clock()
        self._keys = KeyRing(Mint(Settings.model_fields["seed"].default), self._clock)

    @property
    def forged(self) -> int:
        """How many webhooks that Plaid never sent had their answer."""
        return self.forgeries.total()

    @property
    def taken(self) -> int:
        """How many of those were believed."""
        return self.forgeries["200"]

    async def run(self, plan: Plan) -> None:
        """Post at a steady rate until the plan's time is over."""
        async with asyncio.TaskGroup() as group:
            async for number in paced(plan.rate * SHARE, plan.seconds):
                group.create_task(self._forge(number) if number % FORGED_EVERY == 0 else self._copy())

    async def _copy(self) -> None:
        body, began = doorbell(self._random.choice(self._items)), perf_counter()
        self.copies += 1
        what = await self._post(body, self._keys.current.sign(body, self._clock.wall()))
        if what == "200":
            self.answered += 1
            self.milliseconds.append(1000 * (perf_counter() - began))
        else:
            self.failed.append(what)

    async def _forge(self, number: int) -> None:
        how = FORGERIES[number // FORGED_EVERY % len(FORGERIES)]
        body, signature = forge(how, doorbell(STRANGER), self._keys, self._clock.wall())
        self.forgeries[await self._post(body, signature)] += 1

    async def _post(self, body: bytes, signature: str | None) -> str:
        """Return the status, or what happened in its place."""
        headers = {"Content-Type": "application/json"} | ({"Plaid-Verification": signature} if signature else {})
        try:
            return str((await self._client.post(PATH, content=body, headers=headers)).status_code)
        except httpx2.HTTPError as error:
            return type(error).__name__
