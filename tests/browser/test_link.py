"""The stand-in of Plaid Link in a page that is not ours."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, FrameLocator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from common.runtime import serving
from deploy.embedded import System
from tests.browser.bank import Bank
from tests.browser.board import FIRST_PLATYPUS, OAUTH_BANK

POLICY = "default-src 'none'; script-src {link} 'unsafe-eval'; frame-src {link}; style-src 'none'"
CREATE = """(token) => {
    window.told = [];
    const tell = (name) => (...given) => window.told.push([name, ...given]);
    window.handler = window.Plaid.create({
        token, onSuccess: tell("success"), onExit: tell("exit"), onEvent: tell("event"), onLoad: tell("load"),
    });
}"""


@pytest.fixture
async def shop(running: System) -> AsyncIterator[str]:
    """Address of a page of another origin, with a strict policy, that loads the stand-in's script."""
    script = f'<script src="{running.sandbox_url}/link/v2/stable/link-initialize.js"></script>'
    headers = {"Content-Security-Policy": POLICY.format(link=running.sandbox_url)}

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(f"<!doctype html><link rel=icon href=data:,><body>{script}", headers=headers)

    async with serving(Starlette(routes=[Route("/", page)]), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/"


async def embed(context: BrowserContext, shop: str, token: str) -> Page:
    """Open the shop's page and let it create Link with this token."""
    page = await context.new_page()
    await page.goto(shop)
    await page.evaluate(CREATE, token)
    return page


def window(page: Page) -> FrameLocator:
    return page.frame_locator("dialog[open] iframe")


async def told(page: Page, kind: str) -> list[Any]:
    """Wait for a callback of this kind and return what all of them were given."""
    await page.wait_for_function("(kind) => window.told.some(([name]) => name === kind)", arg=kind)
    every: list[list[Any]] = await page.evaluate("window.told")
    return [given for name, *given in every if name == kind]


async def choose(page: Page, institution_id: str) -> FrameLocator:
    await page.evaluate("window.handler.open()")
    link = window(page)
    await link.get_by_test_id("link-continue").click()
    await link.locator(f"[data-institution={institution_id}]").click()
    return link


async def test_success_hands_over_a_public_token_and_plaids_metadata(
    context: BrowserContext, shop: str, bank: Bank
) -> None:
    """Success gives what Plaid's gives, HANDOFF is told, and only the chosen accounts are in it."""
    page = await embed(context, shop, await bank.link_token())
    link = await choose(page, FIRST_PLATYPUS)
    await link.locator("[data-user=user_good]").click()
    await link.get_by_test_id("link-submit").click()
    await link.get_by_role("checkbox").first.uncheck()
    shared = await link.get_by_role("checkbox").count() - 1
    await link.get_by_test_id("link-accounts").click()
    await link.get_by_test_id("link-finish").click()
    [[public_token, metadata]] = await told(page, "success")
    assert public_token.startswith("public-sandbox-")
    assert metadata["institution"] == {"name": "First Platypus Bank", "institution_id": FIRST_PLATYPUS}
    assert len(metadata["accounts"]) == shared
    names = [name for name, _ in await told(page, "event")]
    assert [name for name in names if name.isupper() and name not in {"TRANSITION_VIEW", "SUBMIT_CREDENTIALS"}] == [
        "OPEN",
        "SELECT_INSTITUTION",
        "HANDOFF",
    ]


async def test_leaving_reports_where_and_why(context: BrowserContext, shop: str, bank: Bank) -> None:
    """Exit gives the last error in Plaid's form and the status of the pane that the user left from."""
    page = await embed(context, shop, await bank.link_token())
    link = await choose(page, FIRST_PLATYPUS)
    await link.locator("#username").fill("user_good")
    await link.locator("#password").fill("wrong")
    await link.get_by_test_id("link-submit").click()
    await link.get_by_test_id("link-alert").wait_for()
    await link.get_by_role("button", name="Close").click()
    [[error, metadata]] = await told(page, "exit")
    assert (error["error_type"], error["error_code"]) == ("ITEM_ERROR", "INVALID_CREDENTIALS")
    assert set(error) == {"error_type", "error_code", "error_message", "display_message"}
    assert metadata["status"] == "requires_credentials"
    assert metadata["institution"]["institution_id"] == FIRST_PLATYPUS


async def test_an_unknown_link_token_is_told_at_opening(context: BrowserContext, shop: str) -> None:
    """A dead link token ends in INVALID_LINK_TOKEN, upon which a page asks for a new one."""
    page = await embed(context, shop, "link-sandbox-00000000-0000-0000-0000-000000000000")
    await page.evaluate("window.handler.open()")
    await expect(window(page).get_by_test_id("link-error")).to_contain_text("session has ended")
    await window(page).get_by_test_id("link-leave").click()
    [[error, _]] = await told(page, "exit")
    assert error["error_code"] == "INVALID_LINK_TOKEN"


async def test_an_oauth_bank_opens_in_a_window_of_its_own(context: BrowserContext, shop: str, bank: Bank) -> None:
    """Without redirect_uri the bank opens in a pop-up, closes it after the consent, and Link goes on."""
    page = await embed(context, shop, await bank.link_token())
    link = await choose(page, OAUTH_BANK)
    async with context.expect_page() as opened:
        await link.get_by_test_id("link-oauth").click()
    popup = await opened.value
    await popup.get_by_test_id("bank-sign-in").click()
    async with popup.expect_event("close"):
        await popup.get_by_test_id("bank-approve").click()
    await link.get_by_test_id("link-accounts").click()
    await link.get_by_test_id("link-finish").click()
    assert (await told(page, "success"))[0][0].startswith("public-sandbox-")


async def test_a_closed_bank_window_can_be_opened_again(context: BrowserContext, shop: str, bank: Bank) -> None:
    """Who closes the bank's window is told so and can open it again."""
    page = await embed(context, shop, await bank.link_token())
    link = await choose(page, OAUTH_BANK)
    async with context.expect_page() as opened:
        await link.get_by_test_id("link-oauth").click()
    await (await opened.value).close()
    await expect(link.get_by_role("alert")).to_contain_text("closed before you finished")
    async with context.expect_page() as opened_again:
        await link.get_by_test_id("link-oauth").click()
    await expect((await opened_again.value).get_by_test_id("bank-sign-in")).to_be_visible()


async def test_messages_of_strangers_are_not_believed(context: BrowserContext, shop: str, bank: Bank) -> None:
    """A page or frame that pretends to be Link reaches no callback."""
    page = await embed(context, shop, await bank.link_token())
    await told(page, "load")
    await page.evaluate("window.postMessage({ link: 'success', public_token: 'forged', metadata: {} }, '*')")
    await page.evaluate("window.handler.open()")
    await told(page, "event")
    assert "success" not in [name for name, *_ in await page.evaluate("window.told")]


async def test_destroying_leaves_nothing_behind(context: BrowserContext, shop: str, bank: Bank) -> None:
    """destroy() removes the window, and the page scrolls again."""
    page = await embed(context, shop, await bank.link_token())
    await page.evaluate("window.handler.open()")
    await window(page).get_by_test_id("link-continue").wait_for()
    assert await page.evaluate("document.documentElement.style.overflow") == "hidden"
    await page.evaluate("window.handler.destroy()")
    await expect(page.locator("dialog")).to_have_count(0)
    assert await page.evaluate("document.documentElement.style.overflow") == ""
