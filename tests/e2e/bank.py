"""The stand-in's control API: what happens at the bank while the system runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx2

SYNC = "/transactions/sync"
DOORBELL = "SYNC_UPDATES_AVAILABLE"
KEPT = httpx2.Limits(keepalive_expiry=2)
"""The stand-in closes a connection that rests for 5 seconds, also one that is being taken up again just then."""


class Bank:
    """Makes things happen to Items; what happens follows from the random numbers it is given."""

    def __init__(self, client: httpx2.AsyncClient, random: Random) -> None:
        self.client = client
        self._random = random
        self._ours: dict[str, list[str]] = {}

    async def tell(self, path: str, /, **body: object) -> dict[str, Any]:
        """POST to the control API and return its answer."""
        answer = await self.client.post(f"/sandbox_control/{path}", json=body)
        done: dict[str, Any] = answer.raise_for_status().json()
        return done

    async def ask(self, path: str) -> dict[str, Any]:
        """GET from the control API."""
        found: dict[str, Any] = (await self.client.get(f"/sandbox_control/{path}")).raise_for_status().json()
        return found

    async def add(self, item_id: str, amount: float = 12.34) -> str:
        """Let one posted purchase happen and return its transaction_id; its webhook goes out."""
        done = await self.tell(f"items/{item_id}/transactions", amount=amount, name="Hardware store")
        transaction_id: str = done["added"][0]
        self._ours.setdefault(item_id, []).append(transaction_id)
        return transaction_id

    async def stir(self, item_id: str) -> None:
        """Let one thing happen that happens at banks: a purchase, pending ones, a correction, a withdrawal, posting."""
        ours = self._ours.get(item_id, [])
        match self._random.choice(("add", "add", "spend", "edit", "withdraw", "refresh", "mutate")):
            case "edit" if ours:
                amount = self._random.randrange(1, 10_000) / 100
                await self.tell(f"items/{item_id}/transactions/edit", transaction_id=ours[-1], amount=amount)
            case "withdraw" if ours:
                gone = ours.pop(self._random.randrange(len(ours)))
                await self.tell(f"items/{item_id}/transactions/withdraw", transaction_ids=[gone])
            case "spend":
                await self.tell(f"items/{item_id}/transactions")
            case "refresh":
                await self.tell(f"items/{item_id}/refresh")
            case "mutate":
                await self.tell(f"items/{item_id}/mutations", times=1)
            case _:
                await self.add(item_id, self._random.randrange(1, 10_000) / 100)

    async def slow_down(self, seconds: float) -> None:
        """Let every call for a page take so long, from now on; none when it is 0."""
        await self.tell("outages/clear")
        if seconds:
            await self.tell("outages", path=SYNC, delay=seconds, calls=1_000_000)

    async def hold_page(self, item_id: str, number: int, seconds: float, calls: int = 1) -> None:
        """Let the so many-th call for a page of this Item, and so many calls in all, take so long."""
        await self.tell("outages", path=SYNC, item_id=item_id, calls=number - 1)
        await self.tell("outages", path=SYNC, item_id=item_id, delay=seconds, calls=calls)

    async def doorbells(self) -> list[dict[str, Any]]:
        """Return every attempt so far to deliver a webhook that asks for a sync."""
        deliveries = (await self.ask("webhooks"))["deliveries"]
        return [delivery for delivery in deliveries if delivery["code"] == DOORBELL]


@asynccontextmanager
async def bank(sandbox_url: str, seed: int = 1) -> AsyncIterator[Bank]:
    """Yield the bank behind the stand-in at this address."""
    async with httpx2.AsyncClient(base_url=sandbox_url, timeout=60, limits=KEPT) as client:
        yield Bank(client, Random(seed))  # noqa: S311 - examples, no secrets
