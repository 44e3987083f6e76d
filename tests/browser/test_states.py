import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from deploy.embedded import System
from link_api.schemas.integrations import EXAMPLE
from tests.browser.board import FIRST_PLATYPUS, Board
from tests.browser.conftest import SMALL_BUSINESS, USER_IDS

PROBLEM = {"status": 503, "detail": "Our database does not answer right now.", "code": "unavailable", "retryable": True}


async def refuse(route: Route) -> None:
    await route.fulfill(status=503, json=PROBLEM, content_type="application/problem+json")


async def tab_to(page: Page, test_id: str) -> None:
    """Press Tab until the focus is where it is wanted, in the page or in Link's frame."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        for frame in page.frames:
            if await frame.evaluate("document.activeElement?.dataset.testid ?? document.activeElement?.id") == test_id:
                return
    raise AssertionError(f"the keyboard does not reach {test_id}")


async def test_a_visitor_is_told_how_to_come_in(context: BrowserContext, running: System) -> None:
    """Without a token there is a sentence, no board and no request to the API."""
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(running.api_url)
    await expect(page.get_by_test_id("signed-out")).to_contain_text("not signed in")
    await expect(page.locator("#board")).to_be_hidden()
    assert [url for url in asked if "/api/" in url] == []


async def test_a_token_that_is_refused_ends_the_session(context: BrowserContext, running: System) -> None:
    """A 401 leads to the signed-out page, and the useless token is forgotten."""
    page = await context.new_page()
    await page.goto(f"{running.api_url}/#access_token=nonsense")
    await expect(page.get_by_test_id("signed-out")).to_contain_text("session has ended")
    assert await page.evaluate("sessionStorage.length") == 0


async def test_the_token_leaves_the_address(board: Board) -> None:
    """The bearer token does not stay in the address bar, in the history or in local storage."""
    assert "access_token" not in board.page.url
    assert await board.page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize(("path", "section"), [("plaid/integrations", "banks"), ("expenses?*", "expenses")])
async def test_what_cannot_be_loaded_says_so_and_can_be_retried(board: Board, path: str, section: str) -> None:
    """A failing part shows the server's sentence, leaves the rest alone, and one press tries again."""
    await board.page.route(f"**/api/{path}", refuse)
    await board.page.route("**/api/events", lambda route: route.abort())
    await board.open()
    failure = board.page.get_by_test_id(f"{section}-failed")
    await expect(failure).to_contain_text("database does not answer")
    await board.page.unroute(f"**/api/{path}")
    await failure.get_by_role("button", name="Try again").click()
    await expect(failure).to_be_hidden()
    await expect(board.page.get_by_test_id("banks-empty")).to_be_visible()


async def test_a_paused_bank_says_so(board: Board) -> None:
    """A bank that our operators paused says that we are at it, and offers no sync that would not come."""
    paused = EXAMPLE | {"paused": True, "syncing": False}
    await board.page.route("**/api/plaid/integrations", lambda route: route.fulfill(json={"items": [paused]}))
    await board.open()
    await expect(board.banks).to_contain_text("Paused; our team is looking into it")
    await expect(board.banks.locator('[data-do="sync"]')).to_be_disabled()


async def test_a_link_token_that_cannot_be_had_is_told_at_the_click(board: Board) -> None:
    """The pre-load may fail in silence; the click that needs it says why, and the next one works."""
    await board.page.route("**/api/plaid/create_link_token", refuse)
    await board.open()
    await board.page.locator("#link-bank-account").click()
    await expect(board.notice).to_contain_text("database does not answer")
    await board.page.unroute("**/api/plaid/create_link_token")
    await board.notice.get_by_role("button", name="Try again").click()
    await expect(board.link.get_by_test_id("link-continue")).to_be_visible()


async def test_the_keyboard_alone_connects_a_bank_and_reviews(board: Board) -> None:
    """Tab, Enter and typing are enough, from the button to the connected bank and to the first answered question."""
    await tab_to(board.page, "link-bank-account")
    await board.page.keyboard.press("Enter")
    await expect(board.link.get_by_role("heading")).to_be_focused()
    await tab_to(board.page, "link-continue")
    await board.page.keyboard.press("Enter")
    await expect(board.link.locator("#search")).to_be_focused()
    await board.page.keyboard.type("first platypus")
    await board.page.keyboard.press("Tab")
    await board.page.keyboard.press("Enter")
    await expect(board.link.locator("#username")).to_be_focused()
    await board.page.keyboard.type(SMALL_BUSINESS)
    await board.page.keyboard.press("Tab")
    await board.page.keyboard.type("pass_good")
    await board.page.keyboard.press("Enter")
    await board.link.get_by_test_id("link-accounts").wait_for()
    await tab_to(board.page, "link-accounts")
    await board.page.keyboard.press("Enter")
    await board.link.get_by_test_id("link-finish").wait_for()
    await tab_to(board.page, "link-finish")
    await board.page.keyboard.press("Enter")
    await board.settle()
    await expect(board.review.get_by_test_id("choice").first).to_be_visible()
    await tab_to(board.page, "choice")
    await board.page.keyboard.press("Enter")
    await expect(board.notice.filter(has_text="is filed under")).to_be_visible()
    await expect(board.review.get_by_role("heading")).to_be_focused()


async def test_a_phone_shows_everything_without_sideways_scrolling(browser: Browser, running: System) -> None:
    """At 360 px nothing is cut off: neither the page with all that unfolds, nor "Why?", nor Link."""
    context = await browser.new_context(viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True)
    board = Board(await context.new_page(), running.page(next(USER_IDS)))
    await board.open()
    await board.choose_bank(FIRST_PLATYPUS)
    widths = [await frame.evaluate("document.documentElement.scrollWidth") for frame in board.page.frames]
    await board.sign_in(SMALL_BUSINESS)
    await board.share_accounts()
    await board.settle()
    await expect(board.expenses.first).to_be_visible()
    await board.page.get_by_text("More filters").click()
    await board.page.get_by_text("Every month as a table").click()
    widths.append(await board.page.evaluate("document.documentElement.scrollWidth"))
    await board.expenses.first.get_by_role("button", name="Why?").click()
    await expect(board.details.get_by_test_id("bank-row")).to_be_visible()
    widths.append(await board.details.evaluate("(sheet) => sheet.scrollWidth"))
    await context.close()
    assert max(widths) <= 360
