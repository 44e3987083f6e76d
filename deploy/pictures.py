"""Takes the README's pictures from the running system: `make pictures` (needs Chromium)."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, ViewportSize, async_playwright

from common import logging
from deploy.demo import link
from deploy.embedded import Ports, System, system

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDE: ViewportSize = {"width": 1280, "height": 1500}


async def take(page: Page, running: System) -> None:
    """Photograph Link's list of banks, then the page once all history is there."""
    await page.goto(running.page())
    await page.locator("#link-bank-account").click()
    window = page.frame_locator("dialog[open] iframe")
    await window.get_by_test_id("link-continue").click()
    await window.locator("[data-institution]").first.wait_for()
    await page.screenshot(path=PICTURES / "link.png", animations="disabled")
    await link(running, 1, "user_good")
    await page.goto("about:blank")
    await page.goto(running.page())
    await page.get_by_text("Up to date").wait_for(timeout=60_000)
    await page.get_by_test_id("expense").first.wait_for()
    await page.screenshot(path=PICTURES / "page.png", animations="disabled")


async def run() -> None:
    """Start the system and a browser, and take the pictures."""
    chromium = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if chromium is None:
        sys.exit("Chromium is needed for pictures; install the package chromium.")
    with tempfile.TemporaryDirectory(prefix="cora-pictures-") as folder:
        async with system(Path(folder), Ports.free()) as running, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            context = await browser.new_context(viewport=WIDE, device_scale_factor=1.5, locale="en-US")
            await take(await context.new_page(), running)
            await browser.close()


if __name__ == "__main__":
    logging.configure("console", "WARNING")
    asyncio.run(run())
