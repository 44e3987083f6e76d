"""A stand-in behind a real port, with Plaid's own client before it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from functools import cached_property
from typing import Any

import httpx2
import plaid
import uvicorn
from plaid.api import plaid_api
from starlette.applications import Starlette
from starlette.types import ASGIApp

from plaid_sandbox.clock import Clock
from plaid_sandbox.core import Sandbox
from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings

KEYS = {"PLAID-CLIENT-ID": "client", "PLAID-SECRET": "secret"}
PATIENCE = 30.0
BANK = "ins_109508"


def settings(**values: Any) -> Settings:
    """Return settings under which nothing takes long."""
    quick = {"initial_delay": 0.02, "historical_delay": 0.04, "refresh_delay": 0, "retry_scale": 0}
    return Settings(**(quick | values))


class StandIn:
    """Talks to one running stand-in: `call` as a service does, through the SDK; `post` as JSON."""

    def __init__(self, url: str, app: Starlette, http: httpx2.AsyncClient) -> None:
        self.url = url
        self.app = app
        self.sandbox: Sandbox = app.state.sandbox
        self.http = http

    @cached_property
    def sdk(self) -> Any:
        """Plaid's own client."""
        keys = {"clientId": KEYS["PLAID-CLIENT-ID"], "secret": KEYS["PLAID-SECRET"]}
        return plaid_api.PlaidApi(plaid.ApiClient(plaid.Configuration(host=self.url, api_key=keys)))

    async def call(self, method: str, **body: Any) -> Any:
        """Call Plaid's client and return its parsed model."""
        return await asyncio.to_thread(getattr(self.sdk, method), body, _request_timeout=PATIENCE)

    async def send(self, path: str, body: Any) -> httpx2.Response:
        """Post JSON and return whatever comes."""
        return await self.http.post(path, json=body)

    async def post(self, path: str, /, **body: Any) -> Any:
        """Post JSON and return the successful answer, numbers exact."""
        answer = await self.send(path, body)
        assert answer.status_code == 200, answer.text
        return exact(answer)

    async def refused(self, path: str, /, **body: Any) -> str:
        """Post JSON and return the error code of the refusal."""
        answer = await self.send(path, body)
        assert answer.status_code != 200, answer.text
        return str(answer.json()["error_code"])

    async def get(self, path: str, /, **query: str) -> Any:
        """Get JSON, numbers exact."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return exact(answer)

    async def link(
        self, username: str = "user_good", *, days: int = 730, webhook: str | None = None
    ) -> tuple[str, str]:
        """Make an Item without Link; return its access token and id."""
        options = {"override_username": username, "transactions": {"days_requested": days}}
        made = await self.post(
            "/sandbox/public_token/create",
            institution_id=BANK,
            initial_products=["transactions"],
            options=options | ({"webhook": webhook} if webhook else {}),
        )
        exchanged = await self.post("/item/public_token/exchange", public_token=made["public_token"])
        return exchanged["access_token"], exchanged["item_id"]

    async def linked(self, username: str = "user_good", **options: Any) -> tuple[str, str]:
        """Make an Item, call sync once as Plaid asks, and wait until all history is there."""
        access_token, item_id = await self.link(username, **options)
        await self.post("/transactions/sync", access_token=access_token)
        await eventually(lambda: self.is_complete(access_token))
        return access_token, item_id

    async def is_complete(self, access_token: str) -> bool:
        """Whether the whole history of the Item was read."""
        page = await self.post("/transactions/sync", access_token=access_token, count=1)
        return bool(page["transactions_update_status"] == "HISTORICAL_UPDATE_COMPLETE")

    async def pages(self, access_token: str, cursor: str = "", count: int = 500, **options: Any) -> list[Any]:
        """Read all pages from this cursor on."""
        pages: list[Any] = []
        while not pages or pages[-1]["has_more"]:
            body = {"access_token": access_token, "cursor": cursor, "count": count, "options": options}
            pages.append(await self.post("/transactions/sync", **body))
            cursor = pages[-1]["next_cursor"]
        return pages

    async def until_changed(self, access_token: str, changes: int) -> None:
        """Wait until more than so many things have happened to the Item."""
        item = self.sandbox.registry.by_access_token(access_token)

        async def changed() -> bool:
            return len(item.changes) > changes

        await eventually(changed)

    async def truth(self, item_id: str) -> dict[str, Any]:
        """Return the bank's truth by transaction id."""
        rows = (await self.get(f"/sandbox_control/items/{item_id}/truth"))["transactions"]
        return {row["transaction_id"]: row for row in rows}


class Reader:
    """A client's copy of an Item: what it holds is what the pages said."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.cursor = ""

    def apply(self, pages: list[Any]) -> None:
        """Take over the updates of a complete loop: removals first, as no order holds across arrays."""
        for page in pages:
            for row in page["removed"]:
                self.rows.pop(row["transaction_id"], None)
        for page in pages:
            self.rows |= {row["transaction_id"]: row for row in page["added"] + page["modified"]}
        self.cursor = pages[-1]["next_cursor"]

    def agrees_with(self, truth: dict[str, Any]) -> bool:
        """Whether the copy holds exactly the truth's rows, to the last digit."""
        fields = ("account_id", "date", "name", "pending", "pending_transaction_id", "iso_currency_code")
        return self.rows.keys() == truth.keys() and all(
            row["amount"] == Decimal(truth[key]["amount"]) and all(row[field] == truth[key][field] for field in fields)
            for key, row in self.rows.items()
        )


def exact(answer: httpx2.Response) -> Any:
    """Return the answer's JSON with every number as it was written."""
    return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds, or fail after half a minute."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - another program's state has no event
            await asyncio.sleep(0.01)


def tcp_listener() -> socket.socket:
    """Return a listener at an ephemeral port. It names its protocol, else asyncio leaves Nagle on: 40 ms an answer."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application at an ephemeral port and yield its address."""
    with tcp_listener() as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on"))
        task = asyncio.create_task(server._serve([listener]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        assert server.started, "the application did not start"
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def running(chosen: Settings, clock: Clock | None = None) -> AsyncIterator[StandIn]:
    """Run a stand-in of these settings."""
    app = create_app(chosen, clock)
    async with serving(app) as url:
        plain = httpx2.AsyncClient(base_url=url, headers=KEYS, timeout=PATIENCE, verify=False)
        async with plain as http:
            yield StandIn(url, app, http)
