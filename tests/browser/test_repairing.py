import asyncio

from playwright.async_api import Request, Route, expect

from tests.browser.bank import Bank
from tests.browser.board import OAUTH_BANK, Board


async def test_an_oauth_bank_is_repaired_at_its_own_page(board: Board, bank: Bank) -> None:
    """Update mode leads to the bank and back to where it was: the login stands again, and there is no second bank."""
    page = board.page
    for opened in ("connect", "repair"):
        if opened == "connect":
            await board.choose_bank(OAUTH_BANK)
        else:
            await board.settle()
            await bank.forget_login()
            await page.get_by_test_id("reconnect-banner").get_by_role("button").click()
        await board.link.get_by_test_id("link-oauth").click()
        await page.get_by_test_id("bank-sign-in").click()
        await page.get_by_test_id("bank-approve").click()
        await page.wait_for_url("**/oauth-return?oauth_state_id=*")
        if opened == "connect":
            await board.share_accounts()
        else:
            await board.link.get_by_test_id("link-finish").click()
        await expect(board.banks).to_have_count(1)
    await expect(page.get_by_test_id("reconnect-banner")).to_be_hidden()
    await expect(board.banks.get_by_test_id("bank-status")).to_contain_text("Up to date")
    await bank.spend("76.54", "LOWES 0221")
    await expect(board.expenses.filter(has_text="$76.54")).to_have_count(1)
    assert page.url.endswith("/")


async def test_an_impatient_second_press_opens_no_second_link(ledger: Board, bank: Bank) -> None:
    """While a link token is on its way its button works on; however often it is pressed, one Link opens."""
    await ledger.settle()
    await bank.forget_login()
    page, asked, pressed = ledger.page, 0, asyncio.Event()

    async def hold(route: Route) -> None:
        await pressed.wait()
        await route.continue_()

    def count(request: Request) -> None:
        nonlocal asked
        asked += request.url.endswith("/create_link_token")

    reconnect = page.get_by_test_id("reconnect-banner").get_by_role("button", name="Reconnect")
    await expect(reconnect).to_be_visible()
    await page.route("**/api/plaid/create_link_token", hold)
    page.on("request", count)
    for _ in range(3):
        await reconnect.click()
    await expect(reconnect).to_have_attribute("aria-busy", "true")
    pressed.set()
    await expect(ledger.link.locator("#username")).to_be_visible()
    await expect(page.locator("dialog[open] iframe")).to_have_count(1)
    assert asked == 1
