from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Route, expect

from deploy.demo import link
from deploy.embedded import System
from tests.browser.bank import Bank
from tests.browser.board import Board
from tests.browser.conftest import PATIENCE_MS, SMALL_BUSINESS, USER_IDS
from tests.browser.tainted import tainted

MARKUP = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>{{x}}"
LONG_WORD = "DONAUDAMPFSCHIFFAHRTSGESELLSCHAFTSKAPITÄNSMÜTZENABZEICHENVERORDNUNG*4711"
MADE = "img[src=x], main script, dialog script, .notices script"
PARTS = ("bank", "account", "notification", "review-card", "pending-row", "expense", "category", "rule")
NARROW = 360


async def furnish(board: Board, bank: Bank) -> None:
    """Let every part of the page have something to say: a rule, a note, a bank that wants a new login."""
    await board.settle()
    [first, *_] = (await board.ask("GET", "expenses"))["items"]
    await board.ask("PATCH", f"expenses/{first['id']}", {"note": "For the roof"})
    await board.ask("POST", "category-rules", {"conditions": {"contains": "gusto"}, "category": "fuel"})
    await bank.forget_login()
    await expect(board.page.get_by_test_id("reconnect-banner")).to_be_visible()


async def refuse(route: Route) -> None:
    told = {"display_message": MARKUP, "request_id": MARKUP}
    body = {"status": 422, "code": "plaid_refused", "detail": MARKUP, "next_step": MARKUP, "plaid": told}
    await route.fulfill(status=422, json=body, content_type="application/problem+json")


async def explain(board: Board) -> Locator:
    """Open the first expense's "Why?"."""
    await board.expenses.first.get_by_role("button", name="Why?").click()
    await expect(board.details.get_by_test_id("bank-row")).to_be_visible()
    return board.details


@pytest.fixture
async def phone(browser: Browser, running: System) -> AsyncIterator[Board]:
    """The page of a small business on a phone."""
    context = await browser.new_context(viewport={"width": NARROW, "height": 780}, has_touch=True, is_mobile=True)
    context.set_default_timeout(PATIENCE_MS)
    user_id = next(USER_IDS)
    await link(running, user_id, SMALL_BUSINESS)
    board = Board(await context.new_page(), running.page(user_id), running.token(user_id))
    await board.open()
    yield board
    assert board.faults == []
    await context.close()


async def test_markup_is_shown_letter_by_letter_wherever_it_comes_from(ledger: Board, bank: Bank) -> None:
    """Names of banks, accounts, merchants and categories, notes, rules, reasons, refusals: all text, in every part."""
    await furnish(ledger, bank)
    async with tainted(ledger, MARKUP):
        page = ledger.page
        for part in PARTS:
            await expect(page.get_by_test_id(part).first).to_contain_text("<img src=x")
        details = await explain(ledger)
        for part in ("details", "reason", "bank-row"):
            await expect(page.get_by_test_id(part)).to_contain_text("</script>{{x}}")
        await expect(details.get_by_label("Your note")).to_have_value(f"For the roof {MARKUP}")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Disconnect").click()
        await expect(page.get_by_test_id("disconnect-dialog")).to_contain_text("<script>")
        await page.keyboard.press("Escape")
        await page.route("**/api/plaid/create_link_token", refuse)
        await page.get_by_test_id("reconnect-banner").get_by_role("button").click()
        await expect(ledger.notice).to_contain_text("<img src=x")
        assert await page.locator(MADE).count() == 0
        assert await page.title() == "Bank Sync · CORA"


async def test_words_without_end_make_no_phone_scroll_sideways(phone: Board, bank: Bank) -> None:
    """At 360 px whatever a name is, nothing is wider than the screen: no part, no dialog, no message."""
    await furnish(phone, bank)
    async with tainted(phone, LONG_WORD):
        page, width = phone.page, "(element) => element.scrollWidth - element.clientWidth"
        for part in PARTS:
            await expect(page.get_by_test_id(part).first).to_contain_text(LONG_WORD)
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW
        details = await explain(phone)
        assert await details.evaluate(width) <= 0
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Disconnect").click()
        assert await page.get_by_test_id("disconnect-dialog").evaluate(width) <= 0
        await page.get_by_role("button", name="Keep it").click()
        await phone.review.get_by_test_id("choice").first.click()
        await expect(phone.notice.first).to_contain_text(LONG_WORD)
        assert await phone.notice.first.evaluate(width) <= 0
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW
