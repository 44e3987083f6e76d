import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from common.events import AuditRequested, Event, SyncRequested
from tests.ops.command import Ops
from tests.sync_worker.bank import bank
from tests.sync_worker.world import Worker, World
from tests.sync_worker.world import world as over


@pytest.fixture
async def ops(database_url: str) -> Ops:
    """The command, at a database of the test's own."""
    return Ops({"DATABASE_URL": database_url, "PLAID_ENV": None, "PLAID_LIMITS": None, "OPERATOR": "kim"})


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A worker at a bank, over the same database."""
    async with bank() as served, over(database_url, served) as made:
        yield made


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """Let a worker sweep and answer what its sweeps and audits ask for, beside the block."""
    handlers: dict[str, tuple[type[Event], Callable[[Event], Awaitable[None]]]] = {
        AuditRequested.type: (AuditRequested, worker.audit.on_request),  # type: ignore[dict-item]
        SyncRequested.type: (SyncRequested, worker.doorbells.on_sweep),  # type: ignore[dict-item]
    }

    async def work() -> None:
        done = len(worker.emitted)
        while True:
            await worker.sweep.once()
            for message in worker.emitted[done:]:
                done += 1
                if message.type in handlers:
                    event, handle = handlers[message.type]
                    await handle(event.model_validate_json(message.body))
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
