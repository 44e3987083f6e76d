"""People who link a bank, all within a short while; each does again what failed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import httpx2

from bench.crowd.plan import Plan
from deploy.demo import link_through
from deploy.embedded import System
from tests.e2e.bank import KEPT
from tests.e2e.people import link_whatever_happens

AT_ONCE = 16
"""Who is in the middle of it at the same moment: what two cores serve."""
PATIENCE = 60.0
"""Seconds that somebody waits for an answer before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Links:
    """How linking went: attempts and those that failed, the seconds of all together."""

    attempts: int
    failed: int
    seconds: float

    @property
    def success(self) -> float:
        """Per cent of the attempts."""
        return 100 * (self.attempts - self.failed) / self.attempts


async def link_everybody(system: System, plan: Plan, tell: Callable[[str], None]) -> Links:
    """Let users 1 to the last link a bank each."""
    username, began = f"user_business_{plan.transactions}", perf_counter()
    turn, failed, linked = asyncio.Semaphore(AT_ONCE), 0, 0

    async def link_one(user_id: int) -> None:
        nonlocal failed, linked
        async with turn:
            try:
                await link_through(api, plaid_link, {"Authorization": f"Bearer {system.token(user_id)}"}, username)
            except httpx2.HTTPError:
                failed += await link_whatever_happens(system, user_id, username, cuts=1)
            linked += 1
            tell(f"{linked:,} of {plan.users:,} linked")

    async with _client(system.api_url) as api, _client(system.sandbox_url) as plaid_link, asyncio.TaskGroup() as group:
        for user_id in range(1, plan.users + 1):
            group.create_task(link_one(user_id))
    return Links(linked + failed, failed, perf_counter() - began)


def _client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, timeout=PATIENCE, limits=KEPT)
