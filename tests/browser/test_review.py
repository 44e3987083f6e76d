import asyncio

from playwright.async_api import expect

from tests.browser.bank import Bank
from tests.browser.board import Board


async def count(board: Board) -> int:
    """Return how many the heading says are to review."""
    return int((await board.page.get_by_test_id("review-count").inner_text()).replace(",", ""))


async def open_questions(board: Board) -> int:
    """Return how many there are, as link_api says."""
    return len((await board.ask("GET", "expenses?needs_review=true&limit=200"))["items"])


async def test_the_queue_is_answered_by_keys(ledger: Board) -> None:
    """A digit files, K keeps, S puts off; the next question stands at once, and the heading counts down."""
    await ledger.settle()
    keyboard, name = ledger.page.keyboard, ledger.review.get_by_role("heading")
    await expect(ledger.review.get_by_test_id("choice").first).to_be_visible()
    before = await count(ledger)
    assert before == await open_questions(ledger)
    await ledger.review.get_by_test_id("choice").first.focus()
    await keyboard.press("k")
    await expect(ledger.page.get_by_test_id("review-count")).to_have_text(str(before - 1))
    await expect(name).to_be_focused()
    await expect(ledger.notice.first).to_contain_text("stays as it is")
    amount = await ledger.review.locator(".amount").inner_text()
    await keyboard.press("s")
    await expect(ledger.review.locator(".amount")).not_to_have_text(amount)
    await expect(ledger.page.get_by_test_id("review-count")).to_have_text(str(before - 1))
    await expect(ledger.review.get_by_test_id("choice").first).to_be_visible()
    await keyboard.press("1")
    await expect(ledger.notice.filter(has_text="is filed under")).to_be_visible()
    async with asyncio.timeout(30):  # others of the merchant are answered with it, a moment later
        while not await count(ledger) == await open_questions(ledger) <= before - 2:  # noqa: ASYNC110 - a page tells nobody
            await asyncio.sleep(0.1)


async def test_keys_mean_nothing_elsewhere(ledger: Board) -> None:
    """Where text is typed, and outside of the queue, a letter is a letter."""
    await ledger.settle()
    await expect(ledger.review.get_by_test_id("choice").first).to_be_visible()
    before = await count(ledger)
    await ledger.page.get_by_role("searchbox").press_sequentially("1ks")
    await ledger.page.locator("#export").press("k")
    await expect(ledger.page.get_by_test_id("expenses-empty")).to_be_visible()
    assert await open_questions(ledger) == before


async def test_all_reviewed_and_then_a_new_question(ledger: Board, bank: Bank) -> None:
    """With nothing left it says so, what comes in asks by itself, and an answer can be taken back."""
    await ledger.settle()
    await ledger.ask("POST", "expenses/recategorise", {"filter": {"needs_review": True}, "category": "materials"})
    await expect(ledger.page.get_by_test_id("review-empty")).to_contain_text("All reviewed")
    await bank.spend("17.00", "ZORBLAX HOLDINGS")
    await expect(ledger.review).to_contain_text("$17.00")
    await ledger.review.get_by_label("Another category").select_option("Fuel")
    await ledger.review.get_by_role("button", name="Use it").click()
    await expect(ledger.page.get_by_test_id("review-empty")).to_be_visible()
    await expect(ledger.page.locator("#review-title")).to_be_focused()
    await ledger.notice.get_by_role("button", name="Undo").click()
    await expect(ledger.review).to_contain_text("$17.00")
