import json
from typing import Any

from playwright.async_api import Request, expect

from tests.browser.board import DOWN_BANK, FIRST_PLATYPUS, OAUTH_BANK, Board
from tests.browser.conftest import SMALL_BUSINESS


async def test_a_connected_bank_shows_its_accounts_then_its_expenses(board: Board) -> None:
    """One click, one login, and accounts and categorised expenses stand on the page, without a reload."""
    await expect(board.page.get_by_test_id("banks-empty")).to_be_visible()
    await board.choose_bank(FIRST_PLATYPUS)
    await board.sign_in()
    await board.share_accounts()
    await expect(board.banks).to_have_count(1)
    await expect(board.banks.get_by_role("heading", level=2)).to_have_text("First Platypus Bank")
    await expect(board.page.get_by_test_id("account").first).to_contain_text("••••")
    await expect(board.page.get_by_test_id("balance").first).to_contain_text("$")
    await expect(board.expenses.first).to_be_visible()
    await board.settle()
    await expect(board.expenses).to_have_count(50)
    await expect(board.page.get_by_test_id("category").first).to_be_visible()
    await board.page.get_by_role("button", name="Show more").click()
    await expect(board.expenses).to_have_count(100)


async def test_a_wrong_password_is_said_and_mended_in_place(board: Board) -> None:
    """The bank's refusal is shown beside the fields, the user name stays, and the right password goes on."""
    await board.choose_bank(FIRST_PLATYPUS)
    await board.sign_in(password="pass_wrong")
    await expect(board.link.get_by_test_id("link-alert")).to_contain_text("not correct")
    await expect(board.link.locator("#username")).to_have_value("user_good")
    await board.sign_in()
    await board.share_accounts()
    await expect(board.banks).to_have_count(1)


async def test_a_bank_that_is_down_says_so_and_another_can_be_chosen(board: Board) -> None:
    """A failing bank ends in a sentence and a way on, and nothing is connected."""
    await board.choose_bank(DOWN_BANK)
    await board.sign_in()
    failure = board.link.get_by_test_id("link-error")
    await expect(failure).to_contain_text("does not answer")
    await expect(failure).to_contain_text("INSTITUTION_DOWN")
    await board.link.get_by_role("button", name="Choose another bank").click()
    await expect(board.link.locator(f"[data-institution={FIRST_PLATYPUS}]")).to_be_visible()
    await board.link.get_by_role("button", name="Close").click()
    await expect(board.page.get_by_test_id("banks-empty")).to_be_visible()


async def test_leaving_with_an_error_says_what_the_bank_said(board: Board) -> None:
    """Who gives up on a failing bank reads its words on the page, with a way to try again."""
    await board.choose_bank(DOWN_BANK)
    await board.sign_in()
    await board.link.get_by_test_id("link-leave").click()
    await expect(board.notice).to_contain_text("not responding")
    await board.notice.get_by_role("button", name="Try again").click()
    await expect(board.link.get_by_test_id("link-continue")).to_be_visible()


async def test_an_oauth_bank_leads_to_its_page_and_back(board: Board) -> None:
    """The browser leaves for the bank, comes back to /oauth-return, goes on where it was, and the address is clean."""
    await board.choose_bank(OAUTH_BANK)
    await board.link.get_by_test_id("link-oauth").click()
    await board.page.get_by_test_id("bank-sign-in").click()
    await board.page.get_by_test_id("bank-approve").click()
    await board.page.wait_for_url("**/oauth-return?oauth_state_id=*")
    await board.share_accounts()
    await expect(board.banks.get_by_role("heading", level=2)).to_have_text("Platypus OAuth Bank")
    await expect(board.expenses.first).to_be_visible()
    assert board.page.url.endswith("/")


async def test_a_return_that_nobody_began_is_explained(board: Board) -> None:
    """An OAuth return in a browser that began nothing ends in a sentence, not in a broken page."""
    await board.page.goto(board.page.url.split("#")[0] + "oauth-return?oauth_state_id=unknown")
    await expect(board.notice).to_contain_text("could not find the connection")
    assert board.page.url.endswith("/")


async def test_what_leads_back_from_a_bank_is_kept_in_its_tab_alone(board: Board) -> None:
    """While the user is at the bank no token is kept in the browser, and nothing outside of this tab."""
    await board.choose_bank(OAUTH_BANK)
    await board.link.get_by_test_id("link-oauth").click()
    await board.page.get_by_test_id("bank-sign-in").click()
    await board.page.get_by_test_id("bank-approve").click()
    await board.page.wait_for_url("**/oauth-return?oauth_state_id=*")
    kept = await board.page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage)]")
    assert not any("link-sandbox" in text for text in kept)
    assert kept[1] == "{}"


async def test_link_is_told_of_for_support_and_never_its_secret(board: Board) -> None:
    """Each of Link's events and its exit goes to link_api, under the session's state and without a token."""
    told: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/link_events"):
            told.append(json.loads(request.post_data or "{}"))

    board.page.on("request", note)
    await board.choose_bank(DOWN_BANK)
    await board.sign_in()
    async with board.page.expect_response(lambda answer: "onExit" in (answer.request.post_data or "")) as answer:
        await board.link.get_by_test_id("link-leave").click()
    assert (await answer.value).status == 204
    names = [event.get("event_name") for event in told]
    assert names[0] == "OPEN"
    assert told[-1]["error"]["error_code"] == "INSTITUTION_DOWN"
    assert len({event["state"] for event in told}) == 1
    assert "public-sandbox" not in str(told)
    assert "link-sandbox" not in str(told)


async def test_more_accounts_of_a_bank_are_chosen_in_update_mode(ledger: Board) -> None:
    """Link opens for the bank that is there, lets its accounts be chosen, and ends without a second bank."""
    await ledger.page.get_by_role("button", name="Add accounts").click()
    await ledger.sign_in(SMALL_BUSINESS)
    await ledger.share_accounts()
    await expect(ledger.notice.filter(has_text="asking your bank")).to_be_visible()
    await expect(ledger.banks).to_have_count(1)


async def test_a_muted_account_becomes_no_expenses_until_it_speaks_again(ledger: Board) -> None:
    """Its expenses leave the table by themselves, and return with the switch."""
    await ledger.settle()
    account = ledger.page.get_by_test_id("account").first
    name = await account.get_by_role("heading").inner_text()
    await ledger.page.locator("#filter-account").select_option(index=1)
    await expect(ledger.expenses.first).to_contain_text(name)
    switch = account.get_by_role("switch")
    await switch.uncheck()
    await expect(ledger.page.get_by_test_id("expenses-empty")).to_be_visible()
    await switch.check()
    await expect(ledger.expenses.first).to_contain_text(name)


async def test_the_same_bank_twice_is_pointed_out(board: Board) -> None:
    """A duplicate is answered with the bank that is there, and nothing is added."""
    await board.connect()
    await board.choose_bank(FIRST_PLATYPUS)
    await board.sign_in()
    await board.share_accounts()
    await expect(board.notice.filter(has_text="already connected")).to_be_visible()
    await expect(board.banks).to_have_count(1)


async def test_leaving_link_changes_nothing(board: Board) -> None:
    """Escape closes Link, the focus returns to the button, and the next click opens it again."""
    button = board.page.locator("#link-bank-account")
    await button.click()
    await expect(board.link.get_by_test_id("link-continue")).to_be_visible()
    await board.page.keyboard.press("Escape")
    await expect(board.page.locator("dialog[open]")).to_have_count(0)
    await expect(button).to_be_focused()
    await expect(board.notice).to_have_count(0)
    await button.click()
    await expect(board.link.get_by_test_id("link-continue")).to_be_visible()
