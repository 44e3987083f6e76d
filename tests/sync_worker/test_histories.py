"""Random histories of an item, each held against the bank's truth: a hundred in every run, thousands at night."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.servers.databases import Databases
from tests.sync_worker.bank import bank
from tests.sync_worker.histories import Histories
from tests.sync_worker.world import Worker, World
from tests.sync_worker.world import world as over

HISTORIES = int(os.environ.get("HISTORIES", "100"))
STEPS = 15
TOLD = 100


@asynccontextmanager
async def site(server_url: str) -> AsyncIterator[tuple[World, Sequence[Worker]]]:
    """Yield two workers over one database, and one bank."""
    databases = Databases(server_url)
    async with databases.template(), databases.fresh() as url, bank() as served, over(url, served) as world:
        yield world, [world.worker, await world.hire()]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop of the machine's own: Hypothesis calls it step by step."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], None]:
    """Return what tells, for every hundredth history that begins, how far a long run is."""
    numbers = count(1)

    def tell() -> None:
        if (number := next(numbers)) % TOLD == 0 and HISTORIES > TOLD:
            with capsys.disabled():
                sys.stderr.write(f"\n{number} histories begun, {HISTORIES} asked for, {datetime.now(UTC):%H:%M:%S} UTC")

    return tell


def test_any_history_ends_in_the_truth(postgres_url: str, runner: asyncio.Runner, told: Callable[[], None]) -> None:
    """Whatever happens at the bank, in whatever order, with whichever crash: our rows end as the bank's truth."""
    stack = AsyncExitStack()
    world, workers = runner.run(stack.enter_async_context(site(postgres_url)))

    def begin() -> Histories:
        told()
        return Histories(runner, world, workers)

    try:
        run_state_machine_as_test(
            begin,  # type: ignore[arg-type]  # a factory does as well
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    finally:
        runner.run(stack.aclose())
