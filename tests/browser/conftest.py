"""The whole system as `make run` starts it, and a browser that looks at its page."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from deploy.demo import link
from deploy.embedded import Ports, System, system
from tests.browser.bank import Bank
from tests.browser.board import Board
from tests.servers.network import interfaces

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
SMALL_BUSINESS = "user_business_120"
USER_IDS = count(1_000)

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the system of all browser tests keeps its data."""
    return tmp_path_factory.mktemp("system")


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for all; each test takes a context of its own."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield launched
        await launched.close()


@pytest.fixture(scope="package")
async def running(browser: Browser, data: Path) -> AsyncIterator[System]:
    """The system, once for all browser tests: each signs in a user of its own."""
    async with system(data, Ports.free()) as running_system:
        yield running_system


@pytest.fixture
async def bank(running: System, data: Path) -> AsyncIterator[Bank]:
    """The stand-in's levers."""
    async with Bank.of(running, data) as levers:
        yield levers


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile of this test alone, on a network that stays as it is."""
    with interfaces(change=False):
        context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
        context.set_default_timeout(PATIENCE_MS)
        yield context
        for page in context.pages:
            await page.unroute_all(behavior="ignoreErrors")  # an answer that a test held up may still be under way
        await context.close()


@pytest.fixture
async def board(context: BrowserContext, running: System) -> AsyncIterator[Board]:
    """The page, open for a user whom nobody has seen before; it must run without a script error or a broken policy."""
    board = Board(await context.new_page(), running.page(next(USER_IDS)))
    await board.open()
    yield board
    assert board.faults == []


@pytest.fixture
async def ledger(context: BrowserContext, running: System) -> AsyncIterator[Board]:
    """The page of a user of a small business, whose expenses are coming in."""
    user_id = next(USER_IDS)
    await link(running, user_id, SMALL_BUSINESS)
    board = Board(await context.new_page(), running.page(user_id), running.token(user_id))
    await board.open()
    await expect(board.expenses.first).to_be_visible()
    yield board
    assert board.faults == []
