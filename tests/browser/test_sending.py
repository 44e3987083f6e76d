import pytest
from playwright.async_api import Route, expect

from tests.browser.board import Board

LIMITED = {"status": 429, "detail": "You have made all the calls of now.", "code": "rate_limited", "retryable": True}


class Stumble:
    """A network on which the first POST does not get through, or its answer does not."""

    def __init__(self, fate: str) -> None:
        self.keys: list[str | None] = []
        self._fate = fate

    async def __call__(self, route: Route) -> None:
        """Let everything else pass."""
        if route.request.method == "POST":
            self.keys.append(route.request.headers.get("idempotency-key"))
        if route.request.method != "POST" or len(self.keys) > 1:
            await route.fallback()
        elif self._fate == "limited":
            await route.fulfill(status=429, headers={"Retry-After": "1"}, json=LIMITED)
        else:
            await route.fetch()
            await route.abort()


@pytest.mark.parametrize("fate", ["limited", "lost"])
async def test_what_did_not_get_through_is_sent_once_more(ledger: Board, fate: str) -> None:
    """A call too many waits as it is told, one whose answer is lost goes again: under one key, so it is done once."""
    rating, stumble = ledger.page.get_by_test_id("rating"), Stumble(fate)
    await ledger.page.route("**/api/feedback", stumble)
    await rating.get_by_text("4", exact=True).click()
    await rating.get_by_label("What should be better?").fill("The colours")
    await rating.get_by_role("button", name="Send").click()
    await expect(ledger.notice.filter(has_text="Thank you")).to_be_visible()
    await expect(rating).to_be_hidden()
    first, second = stumble.keys
    assert first == second
    assert first
    given = await ledger.ask("GET", "feedback")
    assert (given["rating"], given["comment"], given["due"]) == (4, "The colours", False)


async def test_who_would_not_rate_is_not_asked_again(ledger: Board) -> None:
    """A no ends the question for good, on every page of this user."""
    rating = ledger.page.get_by_test_id("rating")
    await rating.get_by_role("button", name="No, thanks").click()
    await expect(rating).to_be_hidden()
    async with ledger.page.expect_response("**/api/feedback"):
        await ledger.page.reload()
    await expect(ledger.expenses.first).to_be_visible()
    await expect(rating).to_be_hidden()
