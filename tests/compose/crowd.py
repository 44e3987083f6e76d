"""Users of the project, each with one bank: linked through the proxy, with news there, until every expense stands."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count, cycle
from time import perf_counter

import httpx2
from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database
from deploy.calls import Row, sync_calls
from deploy.demo import state
from deploy.truth import compare
from tests.compose.stack import Stack
from tests.e2e.bank import SYNC, Bank, bank
from tests.e2e.people import link_whatever_happens

PATIENCE = 90.0
CONVERGED = (30.0 + 15.0) * (2 if "PYTEST_XDIST_WORKER" in os.environ else 1)
"""Seconds after the last container that failed is healthy: a dead worker's lease and what follows; twice that where
other tests take the processor at the same time."""
BREATH = 0.1
HELD = 3.0
"""Seconds that a page takes which a worker is to be caught with."""
NEWS_EVERY = 0.25
"""Seconds."""


class Crowd:
    """Links banks, lets things happen there, and knows when all of it has become expenses."""

    def __init__(self, stack: Stack, bank: Bank, database: Database, first_user: int) -> None:
        self.bank = bank
        self._system = stack.system
        self._database = database
        self._numbers = count(first_user)
        self._users: set[int] = set()

    async def link(self, *usernames: str) -> list[int]:
        """Link a bank each for so many new users, all at once; whoever is cut begins anew. Return the users' ids."""
        users = dict(zip((next(self._numbers) for _ in usernames), usernames, strict=True))
        self._users |= users.keys()
        await asyncio.gather(*(link_whatever_happens(self._system, *user) for user in users.items()))
        return list(users)

    async def rows(self) -> Sequence[RowMapping]:
        """Return the state of each linked bank."""
        return [row for row in await state(self._database) if row["user_id"] in self._users]

    async def items(self) -> list[str]:
        """Return the item_ids of the linked banks."""
        return [row["item_id"] for row in await self.rows()]

    async def sequence(self) -> int:
        """Return the number of the stand-in's latest call."""
        return int((await self.bank.ask("calls?path=none"))["sequence"])

    async def calls(self, since: int = 0) -> Sequence[Row]:
        """Return the calls for pages that the stand-in has seen after this number."""
        return await sync_calls(self.bank.client, since)

    @asynccontextmanager
    async def being_read(self, user_id: int) -> AsyncIterator[str]:
        """Yield the address of the worker that imports this new user's bank, while a later page of it is on its way.

        The first call from now on is free: what comes before the bank knows any page has no cursor. Each further one
        is held until the block ends, so one with a cursor is held for sure, and long enough to be seen.
        """
        [item_id] = [row["item_id"] for row in await self.rows() if row["user_id"] == user_id]
        await self.bank.hold_page(item_id, 2, HELD, calls=1_000_000)
        try:
            yield await self._reader(item_id)
        finally:
            with suppress(httpx2.TransportError):  # a stand-in that is down has forgotten it
                await self.bank.tell("outages/clear")

    async def _reader(self, item_id: str) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                for call in (await self.bank.ask(f"calls?path={SYNC}&item_id={item_id}"))["calls"]:
                    if call["cursor"] and call["ended"] is None:
                        return str(call["caller"])
                await asyncio.sleep(BREATH / 10)

    @asynccontextmanager
    async def slow_pages(self, seconds: float) -> AsyncIterator[None]:
        """Let each page take the bank so long during the block."""
        await self.bank.slow_down(seconds)
        try:
            yield
        finally:
            await self.bank.slow_down(0)

    @asynccontextmanager
    async def news(self) -> AsyncIterator[None]:
        """Let one thing after the other happen at the banks, each with its webhook, all through the block."""
        items, over = await self.items(), asyncio.Event()

        async def happen() -> None:
            for item in cycle(items):
                if over.is_set():
                    break
                with suppress(httpx2.TransportError):  # the stand-in is down
                    await self.bank.stir(item)
                await asyncio.sleep(NEWS_EVERY)

        async with asyncio.TaskGroup() as together:
            together.create_task(happen())
            yield
            over.set()

    async def stands(self, within: float = PATIENCE) -> float:
        """Return the seconds until every bank is imported whole and every expense equals the truth, or fail."""
        began, left = perf_counter(), "not looked yet"
        while left and perf_counter() - began < within:
            try:
                left = await self._left()
            except (SQLAlchemyError, OSError, httpx2.TransportError) as error:  # a server that is down still
                left = repr(error)
            await asyncio.sleep(BREATH if left else 0)
        assert not left, f"after {within:.0f} s still: {left}"
        return perf_counter() - began

    async def _left(self) -> str:
        rows = await self.rows()
        waiting = [dict(row) for row in rows if not _is_whole(row)]
        if waiting or len(rows) != len(self._users):
            return f"{len(rows)} of {len(self._users)} linked, not whole: {waiting}"
        found = await compare(self._database, self.bank.client, [row["item_id"] for row in rows])
        return "" if found.equal else f"{len(found.lost)} lost, {len(found.duplicated)} twice"


def _is_whole(row: RowMapping) -> bool:
    return row["stage"] == "HISTORICAL_UPDATE_COMPLETE" and row["settled"] and not row["undecided"]


@asynccontextmanager
async def crowd(stack: Stack, first_user: int) -> AsyncIterator[Crowd]:
    """Yield users of the project, of whom nobody has linked a bank yet; their ids begin at `first_user`."""
    async with stack.database() as database, bank(stack.system.sandbox_url) as opened:
        yield Crowd(stack, opened, database, first_user)
