"""What others wrote at its worst: every text of theirs in the answers of link_api, changed on its way to the page."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Route

from tests.browser.board import Board

TEXTS = {
    "name", "official_name", "subtype", "description", "vendor", "note", "reason", "merchant", "merchant_name",
    "original_description", "check_number", "payment_channel", "detailed", "title", "message", "contains", "equals",
}  # fmt: skip
"""The members of link_api's answers that hold words of a bank, of Plaid or of a user."""


def taint(value: Any, addition: str, key: str = "") -> Any:
    """Return the answer with the addition behind each such text."""
    if isinstance(value, dict):
        return {name: taint(inner, addition, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [taint(inner, addition, key) for inner in value]
    return f"{value} {addition}" if isinstance(value, str) and key in TEXTS else value


@asynccontextmanager
async def tainted(board: Board, addition: str) -> AsyncIterator[None]:
    """Load the page anew and let it read nothing else."""

    async def answer(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.text()
        kind = answer.headers.get("content-type", "")
        tainted = json.dumps(taint(json.loads(body), addition)) if kind == "application/json" else body
        await route.fulfill(response=answer, body=tainted)

    for path in ("plaid/integrations", "plaid/accounts", "notifications", "categor*", "transactions*", "expenses**"):
        await board.page.route(f"**/api/{path}", answer)
    await board.page.reload()
    yield
    await board.page.unroute_all(behavior="wait")
