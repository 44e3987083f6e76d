"""Fixtures for every test: real servers, each started at its first use and stopped at the end of the session."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from signal import SIGINT, default_int_handler, signal
from typing import Any

import hypothesis
import pytest

from tests import workers
from tests.servers.chromium import chromium_path
from tests.servers.databases import Databases
from tests.servers.postgres import postgres
from tests.servers.rabbitmq import Rabbit, rabbitmq
from tests.servers.skips import loud_line, skipping

REAL = {"postgres_url", "amqp_url", "chromium"}
ORIGINS = pytest.StashKey[list[str]]()

hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


def pytest_configure(config: pytest.Config) -> None:
    """Keep a list of the servers used; a worker's list travels to the controller with the worker's output."""
    output: dict[str, list[str]] = getattr(config, "workeroutput", {})
    config.stash[ORIGINS] = output.setdefault("origins", [])
    signal(SIGINT, default_int_handler)  # a shell starts what runs in its background deaf to Ctrl-C, children too


def pytest_xdist_auto_num_workers() -> int:
    return workers.count()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> workers.Scheduler:
    return workers.Scheduler(config, log)


def pytest_testnodedown(node: Any) -> None:
    """Take over the list of a worker that ended; one that crashed has none."""
    node.config.stash[ORIGINS].extend(getattr(node, "workeroutput", {}).get("origins", []))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test that asks for a real server: `-m "not slow"` leaves them out. Workers begin with the longest."""
    if hasattr(config, "workeroutput"):
        items.sort(key=lambda item: workers.rank(item.nodeid))
    for item in items:
        if isinstance(item, pytest.Function) and REAL.intersection(item.fixturenames):
            item.add_marker("slow")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Iterator[None]:
    """After everything else tell which servers were used, and what went untested for want of one."""
    yield
    origins = config.stash[ORIGINS]
    for origin, number in sorted(Counter(origins).items()):
        terminalreporter.write_line(origin if number == 1 else f"{origin}, {number} of them")
    if line := loud_line(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line, bold=True, red=True)


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """URL of a PostgreSQL server's maintenance database; tests take `database_url`."""
    with skipping(), postgres() as server:
        pytestconfig.stash[ORIGINS].append(f"PostgreSQL: {server.origin}")
        yield server.url


@pytest.fixture(scope="session")
async def databases(postgres_url: str) -> AsyncIterator[Databases]:
    """For a database of a wider scope than one test: `async with databases.fresh() as url`."""
    databases = Databases(postgres_url)
    async with databases.template():
        yield databases


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """URL of a database of this test alone, migrated, without rows."""
    async with databases.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_server(pytestconfig: pytest.Config) -> Iterator[Rabbit]:
    with skipping(), rabbitmq() as server:
        pytestconfig.stash[ORIGINS].append(f"RabbitMQ: {server.origin}")
        yield server


@pytest.fixture(scope="session")
def amqp_url(rabbitmq_server: Rabbit) -> str:
    """URL of a RabbitMQ that all tests share: take names of your own (`prefix`)."""
    return rabbitmq_server.url


@pytest.fixture
async def rabbit(rabbitmq_server: Rabbit, amqp_url: str) -> AsyncIterator[Rabbit]:
    """A RabbitMQ that the test may stop and start; it runs again afterwards."""
    with skipping():
        await rabbitmq_server.run("await_startup")
    yield rabbitmq_server
    await rabbitmq_server.start()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    with skipping():
        return chromium_path()
