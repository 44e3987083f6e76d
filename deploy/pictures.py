"""Takes the pictures of README and docs from the running system: `make pictures` (needs Chromium)."""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from common import logging
from deploy.demo import link
from deploy.embedded import Ports, System, system
from deploy.status_example import EXAMPLE
from ops.screen import Screen

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDE: ViewportSize = {"width": 1280, "height": 1480}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
LATER = "#review-card [data-do=skip]"
"""Puts off the first question: it is about a cheque, of which nobody knows anything."""
OFTEN = "Home Depot"
"""A merchant of several expenses that were posted without a question."""
COLUMNS = 116
FONTS = re.compile(r"@font-face {.*?}", re.DOTALL)
"""What would be fetched from elsewhere; the machine's own will do."""
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[str, ViewportSize, Scheme], ...] = (
    ("page", WIDE, "light"),
    ("page-dark", WIDE, "dark"),
    ("phone", PHONE, "light"),
)


@dataclass(frozen=True, slots=True)
class Camera:
    """A browser in front of the running system."""

    browser: Browser
    running: System

    @asynccontextmanager
    async def tab(self, size: ViewportSize = WIDE, scheme: Scheme = "light") -> AsyncIterator[Page]:
        """Yield a new tab of a window of this size and theme, on the page."""
        context = await self.browser.new_context(
            viewport=size,
            color_scheme=scheme,
            locale="en-US",
            device_scale_factor=2 if size is PHONE else 1,
            is_mobile=size is PHONE,
            has_touch=size is PHONE,
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(self.running.page())
        yield page
        await context.close()


async def shoot(page: Page, name: str) -> None:
    """Photograph what is seen now."""
    await page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


async def ready(page: Page) -> None:
    """Wait until everything that the page shows is there."""
    await page.get_by_text("Up to date").wait_for()
    for part in ("expense", "months-chart", "category", "choice"):
        await page.get_by_test_id(part).first.wait_for()


async def link_window(camera: Camera) -> None:
    """Photograph Link's list of banks."""
    async with camera.tab() as page:
        await page.locator("#link-bank-account").click()
        window = page.frame_locator("dialog[open] iframe")
        await window.get_by_test_id("link-continue").click()
        await window.locator("[data-institution]").first.wait_for()
        await shoot(page, "link")


async def settle(camera: Camera) -> None:
    """Link a bank, wait for its history, and put away what is asked and told but once."""
    await link(camera.running, 1, "user_good")
    async with camera.tab() as page:
        await page.get_by_text("Up to date").wait_for()
        await page.locator("#no-rating").click()
        await page.get_by_role("button", name="Mark as read").last.click()
        await page.get_by_test_id("rating").wait_for(state="hidden")
        await page.locator(LATER).wait_for()


async def whole_page(camera: Camera) -> None:
    """Photograph the page with all history there, in light and in dark, and on a phone."""
    for name, size, scheme in LOOKS:
        async with camera.tab(size, scheme) as page:
            await page.locator(LATER).click()
            await ready(page)
            first = "#review" if size is PHONE else "body"
            await page.evaluate("(first) => document.querySelector(first).scrollIntoView()", first)
            await shoot(page, name)


async def why(camera: Camera) -> None:
    """Photograph the answer to "Why?", and the look at what else a new category would change."""
    async with camera.tab({"width": 1280, "height": 900}) as page:
        await page.locator(LATER).click()
        await ready(page)
        await page.get_by_test_id("review-card").get_by_role("button", name="Why?").click()
        await page.get_by_test_id("bank-row").wait_for()
        await shoot(page, "why")
        await page.keyboard.press("Escape")
        row = page.get_by_test_id("expense").filter(has_text=OFTEN).first
        await row.get_by_test_id("category-chip").click()
        await row.get_by_test_id("category-choice").select_option("Tools & equipment")
        await page.get_by_role("button", name="Also").click()
        await page.get_by_test_id("alike").first.wait_for()
        await shoot(page, "recategorise")


async def status(camera: Camera) -> None:
    """Photograph `ops status` of a system that has some trouble, made up."""
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True)
    console.print(Screen(EXAMPLE))
    drawn = FONTS.sub("", console.export_svg(title="ops status", theme=DIMMED_MONOKAI))
    page = await camera.browser.new_page(viewport=WIDE, device_scale_factor=2)
    await page.set_content(drawn)
    await page.locator("svg").first.screenshot(path=PICTURES / "status.png", omit_background=True)
    await page.close()


async def run() -> None:
    """Start the system and a browser, and take the pictures."""
    chromium = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if chromium is None:
        sys.exit("Chromium is needed for pictures; install the package chromium.")
    with tempfile.TemporaryDirectory(prefix="cora-pictures-") as folder:
        async with system(Path(folder), Ports.free()) as running, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            camera = Camera(browser, running)
            for sitting in (link_window, settle, whole_page, why, status):
                await sitting(camera)
            await browser.close()


if __name__ == "__main__":
    logging.configure("console", "WARNING")
    asyncio.run(run())
