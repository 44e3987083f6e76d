from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count

import pytest
from playwright.async_api import BrowserContext, Route, expect
from sqlalchemy import text

from common.events import UserNotified
from common.outbox import emit
from deploy.embedded import System
from tests.browser.bank import Bank
from tests.browser.board import Board
from tests.browser.conftest import USER_IDS

LINK = text("""
    INSERT INTO plaid_integrations (user_id, item_id, institution_name, days_requested, status, next_sync_at)
    VALUES (:user_id, :item_id, 'A Bank', 730, 'login_required', NULL) RETURNING id
""")
TELL = text("""
    INSERT INTO notifications (user_id, integration_id, kind) VALUES (:user_id, :integration_id, :kind) RETURNING id
""")
CLEAR = text("UPDATE notifications SET cleared_at = now() WHERE id = :id")
NOTHING: dict[str, object] = {"items": [], "next_cursor": None}
STAGES = {
    "NOT_READY": ["done", "now", "next"],
    "INITIAL_UPDATE_COMPLETE": ["done", "done", "now"],
    "HISTORICAL_UPDATE_COMPLETE": None,
}


@dataclass
class Teller:
    """Writes what sync_worker writes, about a bank of one user that no worker will touch."""

    bank: Bank
    board: Board
    user_id: int
    integration_id: int = 0

    async def link(self) -> None:
        """Link the bank, to which there is no way."""
        values = {"user_id": self.user_id, "item_id": f"item-of-{self.user_id}"}
        async with self.bank.database.transaction() as session:
            self.integration_id = (await session.execute(LINK, values)).scalar_one()

    async def tell(self, kind: str) -> int:
        """Let a notification stand."""
        async with self.bank.database.transaction() as session:
            values = {"user_id": self.user_id, "integration_id": self.integration_id, "kind": kind}
            id_: int = (await session.execute(TELL, values)).scalar_one()
            await emit(session, self._event(id_, kind, cleared=False))
        return id_

    async def clear(self, id_: int, kind: str) -> None:
        """End it."""
        async with self.bank.database.transaction() as session:
            await session.execute(CLEAR, {"id": id_})
            await emit(session, self._event(id_, kind, cleared=True))

    async def reload(self) -> None:
        """Load the page anew and wait until it hears: it asks once at its start and once when the stream stands."""
        asked = count()
        page = self.board.page
        async with page.expect_response(lambda answer: answer.url.endswith("/api/notifications") and next(asked) == 1):
            await page.reload()
        await expect(page.get_by_test_id("live")).to_have_text("Live")

    def _event(self, id_: int, kind: str, *, cleared: bool) -> UserNotified:
        return UserNotified(
            user_id=self.user_id,
            notification_id=id_,
            integration_id=self.integration_id,
            kind=kind,
            cleared=cleared,
        )


@pytest.fixture
async def teller(context: BrowserContext, running: System, bank: Bank) -> AsyncIterator[Teller]:
    """A page that is open and live, of a user whose one bank waits for him."""
    user_id = next(USER_IDS)
    board = Board(await context.new_page(), running.page(user_id))
    await board.open()
    teller = Teller(bank, board, user_id)
    await teller.link()
    await teller.reload()
    yield teller
    assert board.faults == []


async def test_a_notification_comes_is_read_and_goes(teller: Teller) -> None:
    """It arrives live and is said to screen readers; read, it stays read after a reload; cleared, it goes by itself."""
    page = teller.board.page
    notification = page.get_by_test_id("notification")
    id_ = await teller.tell("login_required")
    await expect(notification).to_contain_text("Unread: A Bank asks you to sign in again")
    await expect(page.locator("#announcements")).to_have_text("A Bank asks you to sign in again")
    read = notification.get_by_role("button", name="Mark as read: A Bank asks you to sign in again")
    await read.focus()
    await page.keyboard.press("Enter")
    await expect(read).to_be_hidden()
    await expect(notification.get_by_role("button", name="Reconnect")).to_be_focused()
    await teller.reload()
    await expect(notification).to_contain_text("A Bank asks you to sign in again")
    await expect(notification).not_to_contain_text("Unread")
    await teller.clear(id_, "login_required")
    await expect(page.get_by_test_id("notifications")).to_be_hidden()


async def test_what_needs_nothing_leaves_once_it_is_read(teller: Teller) -> None:
    """One press reads them all; what the page can do nothing about goes, what waits for the user stays."""
    page = teller.board.page
    for kind in ("repaired", "new_accounts", "institution_down"):
        await teller.tell(kind)
    await expect(page.get_by_test_id("notification")).to_have_count(3)
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_test_id("notification")).to_have_count(1)
    await expect(page.get_by_test_id("notification")).to_contain_text("accounts that you do not share")
    await expect(page.get_by_role("button", name="Choose accounts")).to_be_visible()
    await expect(page.get_by_role("button", name="Mark all as read")).to_be_hidden()


async def test_an_import_is_shown_stage_by_stage_and_ends(teller: Teller) -> None:
    """The last 30 days, then the full history, each with its count; only then the bank is up to date, all reviewed."""
    page, card = teller.board.page, teller.board.banks
    nothing = page.get_by_test_id("review-empty")
    await page.route("**/api/expenses?*needs_review=true*", lambda route: route.fulfill(json=NOTHING))
    told = {"status": "active", "action_required": None, "transactions": 1234, "last_sync_at": "2026-11-22T09:00:00Z"}

    async def answer(route: Route) -> None:
        body = await (await route.fetch()).json()
        body["items"] = [item | told for item in body["items"]]
        await route.fulfill(json=body)

    await page.route("**/api/plaid/integrations", answer)
    for stage, steps in STAGES.items():
        told["stage"] = stage
        await page.reload()
        if steps:
            await expect(card.get_by_test_id("bank-status")).to_have_text("Importing")
            await expect(card.get_by_test_id("importing")).to_contain_text("1,234 transactions imported")
            shown = await card.locator(".steps li").evaluate_all("steps => steps.map((step) => step.dataset.step)")
            assert shown == steps
            await expect(nothing.get_by_text("All reviewed")).to_be_hidden()
            await expect(nothing.get_by_text("still coming in")).to_be_visible()
        else:
            await expect(card.get_by_test_id("bank-status")).to_contain_text("Up to date")
            await expect(card.get_by_test_id("importing")).to_be_hidden()
            await expect(nothing.get_by_text("All reviewed")).to_be_visible()
