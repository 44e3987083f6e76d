"""What happens at the banks of a thousand users: one thing after the other, and some doorbells minutes late."""

import asyncio
from collections.abc import Sequence
from random import Random

import httpx2

from bench.crowd.pace import paced
from bench.crowd.plan import Plan
from tests.e2e.bank import Bank

AT_ONCE = 64
"""Changes under way at a time: a bank that is slow to take them slows them down."""
STIR_EVERY = 5
"""Of so many changes one is no purchase: pending money, a correction, a withdrawal, a refresh, a page that changes."""
LATE_EVERY = 50
LATE = 120.0
"""Seconds that the only doorbell of one change in so many comes late."""


class Traffic:
    """Makes the changes, by the numbers of its random generator."""

    def __init__(self, bank: Bank, items: Sequence[str], random: Random) -> None:
        self.made = self.late = self.failed = 0
        self._bank = bank
        self._items = items
        self._random = random
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def run(self, plan: Plan) -> None:
        """Make changes at the plan's rate until its time is over."""
        order = self._random.sample(self._items, len(self._items))
        async with asyncio.TaskGroup() as group:
            async for number in paced(plan.rate, plan.seconds):
                await self._turn.acquire()
                rounds, place = divmod(number, len(order))
                group.create_task(self._change(number + rounds, order[place]))  # nobody has his turn for one thing only

    async def end(self) -> None:
        """Let every doorbell that is late still ring at once."""
        await self._bank.tell("clock/advance", seconds=LATE)

    async def _change(self, number: int, item: str) -> None:
        try:
            if number % LATE_EVERY == LATE_EVERY - 1:
                await self._add_late(item)
            elif number % STIR_EVERY == STIR_EVERY - 2:
                await self._bank.stir(item)
            else:
                await self._bank.add(item, self._random.randrange(1, 50_000) / 100)
            self.made += 1
        except httpx2.HTTPError:  # the bank's trouble; whatever it did of it counts
            self.failed += 1
        finally:
            self._turn.release()

    async def _add_late(self, item: str) -> None:
        await self._bank.tell("webhooks/faults", delay=LATE)
        try:
            await self._bank.add(item)
            self.late += 1
        finally:
            await self._bank.tell("webhooks/faults")
