"""Link reached under other names than the services use: behind a proxy, as in a container."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FrameLocator, Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.plaid_sandbox.running import StandIn, running, serving, settings

OAUTH_BANK = "ins_127287"
CREATE = """(token) => {
    window.handler = window.Plaid.create({ token, onSuccess: (public_token) => { window.done = public_token; } });
    window.handler.open();
}"""


class ServiceSide:
    """A proxy that, like many, tells the stand-in the name by which it calls it, not the browser's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under another Host."""
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        renamed = {"headers": [*headers, (b"host", b"plaid_sandbox:8100")], "server": ("plaid_sandbox", 8100)}
        await self._app({**scope, **renamed}, receive, send)


@pytest.fixture(scope="module")
async def page(chromium: str) -> AsyncIterator[Page]:
    """A page in a browser that can reach the machine under two names."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        )
        page = await browser.new_page()
        page.set_default_timeout(20_000)
        yield page
        await browser.close()


@pytest.fixture(params=["", "/plaid"])
async def fronted(request: pytest.FixtureRequest) -> AsyncIterator[tuple[StandIn, str]]:
    """A stand-in, and the other address under which browsers reach it: another host, here also below a path."""
    async with running(settings()) as stand_in:
        app = Starlette(routes=[Mount(request.param, ServiceSide(stand_in.app))])
        async with serving(app) as url:
            yield stand_in, f"http://localhost:{url.rpartition(':')[2]}{request.param}"


async def embed(page: Page, front: str, token: str) -> FrameLocator:
    """Open a page that loads the script from there, begin Link, and go to the OAuth bank."""

    async def shop(_: Request) -> HTMLResponse:
        script = f'<script src="{front}/link/v2/stable/link-initialize.js"></script>'
        return HTMLResponse(f"<!doctype html><link rel=icon href=data:,><body>{script}")

    async with serving(Starlette(routes=[Route("/", shop)])) as url:
        await page.goto(url)
    await page.evaluate(CREATE, token)
    return page.frame_locator("dialog[open] iframe")


async def test_link_works_where_the_browser_loaded_it(page: Page, fronted: tuple[StandIn, str]) -> None:
    """Script, window and OAuth bank live at the browser's address, whatever name and port the services use."""
    stand_in, front = fronted
    asked = {"client_name": "A page", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "7"}}
    made = await stand_in.post("/link/token/create", **asked, products=["transactions"])
    window = await embed(page, front, made["link_token"])
    await window.get_by_test_id("link-continue").click()
    await window.locator(f"[data-institution={OAUTH_BANK}]").click()
    async with page.context.expect_page() as opened:
        await window.get_by_test_id("link-oauth").click()
    bank = await opened.value
    assert bank.url.startswith(f"{front}/link/oauth/authorize?")
    await bank.get_by_test_id("bank-sign-in").click()
    async with bank.expect_event("close"):
        await bank.get_by_test_id("bank-approve").click()
    await window.get_by_test_id("link-accounts").click()
    await window.get_by_test_id("link-finish").click()
    await page.wait_for_function("window.done")
    public_token = await page.evaluate("window.done")
    assert (await stand_in.post("/item/public_token/exchange", public_token=public_token))["item_id"]
