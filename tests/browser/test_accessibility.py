"""What axe (Deque's checker) finds in every state of the page, in light and in dark."""

import asyncio

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, Route, expect

from deploy.embedded import System
from tests.browser.bank import Bank
from tests.browser.board import Board

AXE = Axe()
PROBLEM = {"status": 503, "detail": "Our database does not answer right now.", "code": "unavailable", "retryable": True}


async def violations(page: Page) -> list[str]:
    """Return what is wrong now, in both themes, and where."""
    found = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        only = {} if scheme == "light" else {"runOnly": ["color-contrast"]}  # the rest does not depend on colours
        answer = (await AXE.run(page, options={"resultTypes": ["violations"], **only})).response
        for one in answer["violations"]:
            found += [f"{scheme}: {one['id']} at {node['target']}: {node['failureSummary']}" for node in one["nodes"]]
    return found


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    """A tab without animations, which would show colours on their way."""
    page = await context.new_page()
    await page.emulate_media(reduced_motion="reduce")
    return page


async def test_the_signed_out_page(page: Page, running: System) -> None:
    """Who is not signed in meets no barrier."""
    await page.goto(running.api_url)
    await expect(page.get_by_test_id("signed-out")).to_be_visible()
    assert await violations(page) == []


async def test_the_page_while_it_loads_fails_and_is_empty(board: Board) -> None:
    """Skeletons, failures and the invitation."""
    answers = asyncio.Event()

    async def hold(route: Route) -> None:
        await answers.wait()
        await route.fulfill(status=503, json=PROBLEM, content_type="application/problem+json")

    assert await violations(board.page) == []
    await board.page.route("**/api/**", hold)
    await board.page.reload()
    await expect(board.page.locator("#banks[data-state=loading]")).to_be_visible()
    assert await violations(board.page) == []
    answers.set()
    await expect(board.page.get_by_test_id("banks-failed")).to_be_visible()
    await expect(board.page.get_by_test_id("months-failed")).to_be_visible()
    assert await violations(board.page) == []
    await board.page.unroute("**/api/**")


async def test_the_page_with_everything_open(ledger: Board) -> None:
    """The full page: filters, the months as a table, a choice in its row, a rating begun."""
    page = ledger.page
    await page.get_by_text("More filters").click()
    await page.get_by_text("Every month as a table").click()
    await page.get_by_test_id("rating").get_by_text("4", exact=True).click()
    await expect(ledger.review.get_by_test_id("choice").first).to_be_visible()
    await ledger.expenses.first.get_by_test_id("category-chip").press("Enter")
    await expect(page.get_by_test_id("category-choice")).to_be_focused()
    assert await violations(page) == []


async def test_the_dialogs(ledger: Board, bank: Bank) -> None:
    """The answer to "Why?" with an offer in it, the look at what else changes, the question before a bank goes."""
    page = ledger.page
    for amount in ("921.00", "922.00"):
        await bank.spend(amount, "DOMINOS PIZZA 0042")
        await expect(ledger.expense(f"${amount}")).to_have_count(1)
    await ledger.expense("$922.00").get_by_role("button", name="Why?").click()
    await ledger.details.get_by_label("Another category").select_option("Insurance")
    await ledger.details.get_by_role("button", name="Use it").click()
    await expect(ledger.details.get_by_test_id("overruled")).to_be_visible()
    await expect(ledger.notice).to_contain_text("Also 1 other")
    assert await violations(page) == []
    await ledger.notice.get_by_role("button", name="Also 1 other").click()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Disconnect").click()
    assert await violations(page) == []


async def test_what_waits_for_its_user(ledger: Board, bank: Bank) -> None:
    """The banner of a bank that wants a new login, its notification, and a queue that is done."""
    await ledger.settle()
    await ledger.ask("POST", "expenses/recategorise", {"filter": {"needs_review": True}, "category": "materials"})
    await bank.forget_login()
    await expect(ledger.page.get_by_test_id("reconnect-banner")).to_be_visible()
    await expect(ledger.page.get_by_test_id("review-empty")).to_be_visible()
    await expect(ledger.page.get_by_role("button", name="Reconnect").first).to_be_visible()
    assert await violations(ledger.page) == []


async def test_a_phone(ledger: Board, bank: Bank) -> None:
    """The full page, "Why?" and the question before a bank goes, as a phone lays them out."""
    page = ledger.page
    await ledger.settle()
    await bank.forget_login()
    await page.set_viewport_size({"width": 360, "height": 780})
    await expect(page.get_by_test_id("reconnect-banner")).to_be_visible()
    await page.get_by_text("More filters").click()
    assert await violations(page) == []
    await ledger.expenses.first.get_by_role("button", name="Why?").click()
    await expect(ledger.details.get_by_test_id("bank-row")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_test_id("disconnect-dialog")).to_be_visible()
    assert await violations(page) == []
