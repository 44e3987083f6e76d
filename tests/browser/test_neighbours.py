import pytest
from playwright.async_api import BrowserContext, expect

from deploy.demo import link
from deploy.embedded import System
from tests.browser.bank import Bank
from tests.browser.board import Board
from tests.browser.conftest import SMALL_BUSINESS, USER_IDS


@pytest.fixture
async def neighbours(context: BrowserContext, running: System) -> list[Board]:
    """The pages of two users, side by side, each with a bank; the second one's was linked last."""
    boards = []
    for username in ("user_good", SMALL_BUSINESS):
        user_id = next(USER_IDS)
        await link(running, user_id, username)
        board = Board(await context.new_page(), running.page(user_id), running.token(user_id))
        await board.open()
        await board.settle()
        boards.append(board)
    return boards


async def test_each_of_two_users_sees_his_own_and_hears_it_alone(neighbours: list[Board], bank: Bank) -> None:
    """Accounts and expenses are each one's own; what one spends, or is asked for, arrives at that one's page only."""
    one, other = neighbours
    accounts = [await board.page.get_by_test_id("account").locator("h3").all_inner_texts() for board in neighbours]
    assert accounts[0]
    assert accounts[1]
    assert not set(accounts[0]) & set(accounts[1])
    ids = [{item["id"] for item in (await board.ask("GET", "expenses?limit=200"))["items"]} for board in neighbours]
    assert not ids[0] & ids[1]
    await bank.spend("64.32", "NEIGHBOURS HARDWARE")
    await expect(other.expense("$64.32")).to_have_count(1)
    await bank.forget_login()
    await expect(other.page.get_by_test_id("reconnect-banner")).to_be_visible()
    await one.page.bring_to_front()
    await expect(one.page.get_by_test_id("live")).to_have_text("Live")
    await one.page.get_by_role("searchbox").fill("neighbours")
    await expect(one.page.get_by_test_id("expenses-empty")).to_be_visible()
    await expect(one.page.get_by_test_id("reconnect-banner")).to_be_hidden()
    assert one.faults + other.faults == []
