from collections.abc import Mapping
from decimal import Decimal
from random import Random

from playwright.async_api import Locator, Route, expect

from tests.browser.board import Board

IS_MORE = "async (pair) => (await import('/page/money.js')).isMore(...pair)"
PROBLEM = {"status": 503, "detail": "Our database does not answer right now.", "code": "unavailable", "retryable": True}


async def box(element: Locator) -> Mapping[str, float]:
    """Return where it is on the page."""
    found = await element.bounding_box()
    assert found is not None
    return {"x": found["x"], "width": found["width"], "height": found["height"]}


async def test_a_newcomer_sees_the_invitation_and_nothing_else(board: Board) -> None:
    """With no bank and no expense there is one thing to do, and no panel that has nothing to say."""
    await expect(board.page.get_by_test_id("banks-empty")).to_be_visible()
    await expect(board.page.get_by_test_id("expenses-empty")).to_be_attached()
    for panel in ("review", "pending", "expenses", "months", "spending", "rules", "notifications", "rating"):
        await expect(board.page.get_by_test_id(panel)).to_be_hidden()


async def test_a_short_history_has_its_bars_too(ledger: Board) -> None:
    """The largest month gives the scale, and its bar all the room, though older months know no expense."""
    await ledger.settle()
    chart = ledger.page.get_by_test_id("months-chart")
    await chart.get_by_text("Every month as a table").click()
    amounts = await chart.locator("td.figure").all_inner_texts()
    largest = max(amounts, key=lambda text: Decimal(text.strip("$").replace(",", "")))
    assert (len(amounts), amounts[-1]) == (12, "$0.00")
    await expect(chart.locator("svg > text")).to_have_text(largest)
    bars = await chart.locator(".bar-of-month").evaluate_all("bars => bars.map((bar) => bar.height.baseVal.value)")
    room = await chart.locator(".room").first.evaluate("(room) => room.height.baseVal.value")
    assert max(bars) == room
    assert [bar > 0 for bar in reversed(bars)] == [text != "$0.00" for text in amounts]


async def test_more_is_more(board: Board) -> None:
    """Of two decimals the larger one is more, whatever their signs, sizes and numbers of places."""
    dice = Random(20261123)  # noqa: S311 - a play
    amounts = [Decimal(dice.randint(-(10**18), 10**18)).scaleb(-dice.randint(0, 7)) for _ in range(24)]
    amounts += [Decimal(0), Decimal("0.00"), Decimal("-0.01")]
    for one, other in [(one, other) for one in amounts[::3] for other in amounts]:
        assert await board.page.evaluate(IS_MORE, [format(one, "f"), format(other, "f")]) is (one > other)


async def test_choosing_a_category_moves_nothing(ledger: Board) -> None:
    """The choice lies over its row: all else stays where it is, so a press beside it does what it was meant for."""
    await ledger.settle()
    row, cells = ledger.expenses.first, ledger.expenses.first.get_by_role("cell")
    before = [await box(cell) for cell in await cells.all()]
    await row.get_by_test_id("category-chip").press("Enter")
    await expect(row.get_by_test_id("category-choice")).to_be_focused()
    assert [await box(cell) for cell in await cells.all()] == before
    await ledger.page.keyboard.press("Escape")
    await ledger.expenses.nth(1).get_by_role("button", name="Why?").click()
    await expect(ledger.details).to_be_visible()
    await expect(row.get_by_test_id("category-choice")).to_have_count(0)


async def test_notifications_that_cannot_be_loaded_say_so(board: Board) -> None:
    """Nobody takes a failure for no news; one press asks again."""
    page, address = board.page, "**/api/notifications"

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json=PROBLEM, content_type="application/problem+json")

    await page.route("**/api/events", lambda route: route.abort())
    await page.route(address, refuse)
    await page.reload()
    failure = page.get_by_test_id("notifications-failed")
    await expect(failure).to_contain_text("database does not answer")
    await page.unroute(address)
    await failure.get_by_role("button", name="Try again").click()
    await expect(failure).to_be_hidden()
    await expect(page.get_by_test_id("notifications")).to_be_hidden()
