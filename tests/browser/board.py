"""The page as its user handles it."""

import json
from contextlib import suppress
from typing import Any

from playwright.async_api import ConsoleMessage, Error, FrameLocator, Locator, Page, expect

FIRST_PLATYPUS = "ins_109508"
OAUTH_BANK = "ins_127287"
DOWN_BANK = "ins_132361"

LOAD_PATIENCE_MS = 20_000
LOADS = 3
SCRIPT_FAULTS = ("Content Security Policy", "Uncaught")


class Board:
    """One tab of one user."""

    def __init__(self, page: Page, url: str, token: str = "") -> None:
        self.page = page
        self.faults: list[str] = []
        self._url = url
        self._bearer = {"Authorization": f"Bearer {token}"}
        page.on("pageerror", self._on_error)
        page.on("console", self._on_console)

    async def open(self) -> None:
        """Open the page. A browser drops its requests when a network interface of the machine changes: load again."""
        for _ in range(LOADS):
            with suppress(Error):
                await self.page.goto("about:blank")
                await self.page.goto(self._url)
            with suppress(Error):
                await self.page.locator("#banks:not([data-state=loading])").wait_for(timeout=LOAD_PATIENCE_MS)
                return
        raise AssertionError(f"the page does not load: {self.faults}")

    @property
    def link(self) -> FrameLocator:
        """The open Link window."""
        return self.page.frame_locator("dialog[open] iframe")

    @property
    def banks(self) -> Locator:
        return self.page.get_by_test_id("bank")

    @property
    def expenses(self) -> Locator:
        return self.page.get_by_test_id("expense")

    @property
    def notice(self) -> Locator:
        return self.page.get_by_test_id("notice")

    @property
    def review(self) -> Locator:
        """The question of the review queue."""
        return self.page.get_by_test_id("review-card")

    @property
    def details(self) -> Locator:
        """The open answer to "Why?"."""
        return self.page.get_by_test_id("details")

    def expense(self, words: str) -> Locator:
        """Return the rows of the table with these words."""
        return self.expenses.filter(has_text=words)

    async def file_under(self, row: Locator, category: str) -> None:
        """Choose a category in its row, by the name that it has on the page."""
        await row.get_by_test_id("category-chip").click()
        await row.get_by_test_id("category-choice").select_option(category)

    async def choose_bank(self, institution_id: str) -> None:
        """Open Link and pick a bank from its list."""
        await self.page.locator("#link-bank-account").click()
        await self.link.get_by_test_id("link-continue").click()
        await self.link.locator(f"[data-institution={institution_id}]").click()

    async def sign_in(self, username: str = "user_good", password: str = "pass_good") -> None:
        """Give the bank a user name and a password."""
        await self.link.locator("#username").fill(username)
        await self.link.locator("#password").fill(password)
        await self.link.get_by_test_id("link-submit").click()

    async def share_accounts(self) -> None:
        """Share all accounts, and leave Link."""
        await self.link.get_by_test_id("link-accounts").click()
        await self.link.get_by_test_id("link-finish").click()

    async def connect(self, institution_id: str = FIRST_PLATYPUS) -> None:
        """Connect a bank and wait until its whole history is there."""
        await self.choose_bank(institution_id)
        await self.sign_in()
        await self.share_accounts()
        await self.settle()

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call link_api beside the page, as another device of the same user does."""
        headers = self._bearer | {"Content-Type": "application/json"}
        url = self._url.split("#")[0]
        data = None if body is None else json.dumps(body)
        answer = await self.page.request.fetch(f"{url}api/{path}", method=method, headers=headers, data=data)
        assert answer.ok, await answer.text()
        return await answer.json()

    async def settle(self) -> None:
        """Wait until the bank's card says that everything is imported."""
        await expect(self.banks.first.get_by_test_id("bank-status")).to_contain_text("transactions since")

    def _on_error(self, error: Error) -> None:
        self.faults.append(error.message)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and any(fault in message.text for fault in SCRIPT_FAULTS):
            self.faults.append(message.text)
