import asyncio

from playwright.async_api import BrowserContext, Route, expect

from deploy.embedded import System
from tests.browser.bank import Bank
from tests.browser.board import FIRST_PLATYPUS, Board
from tests.browser.conftest import USER_IDS


async def test_a_new_transaction_arrives_by_itself(board: Board, bank: Bank) -> None:
    """What is spent at the bank stands on the page seconds later, untouched."""
    await board.connect()
    await bank.spend("123.45", "HARBOR FREIGHT TOOLS 190")
    arrived = board.expenses.filter(has_text="$123.45")
    await expect(arrived).to_have_count(1)
    await expect(arrived.locator(".chip")).not_to_be_empty()


async def test_a_transaction_arrives_without_the_stream_too(board: Board, bank: Bank) -> None:
    """With the event stream cut the page says so and asks every few seconds instead."""
    await board.page.route("**/api/events", lambda route: route.abort())
    await board.open()
    await board.connect()
    await expect(board.page.get_by_test_id("live")).to_contain_text("every few seconds")
    await bank.spend("67.89", "SHELL OIL 5742")
    await expect(board.expenses.filter(has_text="$67.89")).to_have_count(1)


async def test_a_login_that_the_bank_forgot_is_repaired(board: Board, bank: Bank) -> None:
    """Card and notification ask for a new login, update mode gives it, and transactions arrive as before."""
    await board.connect()
    notifications = board.page.get_by_test_id("notification")
    await expect(notifications).to_have_count(1)
    await expect(notifications).to_contain_text("Your history from First Platypus Bank is complete")
    await bank.forget_login()
    await expect(notifications.filter(has_text="First Platypus Bank asks you to sign in again")).to_be_visible()
    await expect(board.page.get_by_test_id("reconnect-banner")).to_be_visible()
    await board.page.get_by_test_id("reconnect-banner").get_by_role("button").click()
    await board.sign_in()
    await board.link.get_by_test_id("link-finish").click()
    await expect(board.page.get_by_test_id("reconnect-banner")).to_be_hidden()
    await expect(notifications.filter(has_text="asks you to sign in again")).to_have_count(0)
    await expect(notifications.filter(has_text="First Platypus Bank works again")).to_be_visible()
    await bank.spend("98.76", "LOWES 0221")
    await expect(board.expenses.filter(has_text="$98.76")).to_have_count(1)
    await expect(board.banks).to_have_count(1)


async def test_sync_now_asks_the_bank(board: Board) -> None:
    """The button rests while its sync is under way, keeps the focus, and can be pressed again afterwards."""
    await board.connect()
    seen, asked = asyncio.Event(), 0

    async def hold(route: Route) -> None:
        nonlocal asked
        asked += 1
        await seen.wait()  # a sync may be over before anybody looks
        await route.continue_()

    await board.page.route("**/sync", hold)
    button = board.page.get_by_role("button", name="Sync now")
    await button.click()
    await expect(button).to_be_disabled()
    await expect(button).to_be_focused()
    await board.page.keyboard.press("Enter")
    seen.set()
    await expect(button).to_be_enabled()
    await expect(button).to_be_focused()
    assert asked == 1
    await expect(board.banks.get_by_test_id("bank-status")).to_contain_text("Up to date")


async def test_disconnecting_asks_first_and_keeps_the_expenses(board: Board) -> None:
    """No keeps everything, yes ends the connection; the expenses stay either way."""
    await board.connect()
    dialog = board.page.get_by_test_id("disconnect-dialog")
    await board.page.get_by_role("button", name="Disconnect").click()
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(board.banks).to_have_count(1)
    await board.page.get_by_role("button", name="Disconnect").click()
    await dialog.get_by_test_id("confirm-disconnect").click()
    await expect(board.banks).to_have_count(0)
    await expect(board.page.get_by_test_id("banks-empty")).to_be_visible()
    await expect(board.expenses.first).to_be_visible()


async def test_two_users_see_only_their_own(board: Board, context: BrowserContext, running: System) -> None:
    """A bank that one user connects never shows on another's page, though it is open beside it."""
    other = Board(await context.new_page(), running.page(next(USER_IDS)))
    await other.open()
    await board.page.bring_to_front()
    await board.connect()
    await other.page.bring_to_front()
    await expect(other.page.get_by_test_id("live")).to_have_text("Live")
    await expect(other.page.get_by_test_id("banks-empty")).to_be_visible()
    await other.choose_bank(FIRST_PLATYPUS)
    await other.link.get_by_role("button", name="Close").click()
    await expect(other.banks).to_have_count(0)
    assert other.faults == []
