"""What every endpoint does alike: read, check, answer, and put errors in Plaid's form."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import encode
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.requests import OnItem
from plaid_sandbox.validation import Ask, authenticate, body_of, parse

_log = logging.getLogger(__name__)
Answer = Mapping[str, object]
AskT = TypeVar("AskT", bound=Ask)
OnItemT = TypeVar("OnItemT", bound=OnItem)
PartT = TypeVar("PartT", bound=BaseModel)


def reply(sandbox: Sandbox, body: Answer, status: int = 200) -> Response:
    """Return a JSON response that carries a request id."""
    text = encode({**body, "request_id": sandbox.mint.request_id()})
    return Response(text, status, media_type="application/json")


def get(sandbox: Sandbox, path: str, handle: Callable[[Sandbox, Request], Awaitable[Answer]]) -> Route:
    """Return the route of an endpoint of our own that reads."""

    async def answer(request: Request) -> Response:
        return reply(sandbox, await handle(sandbox, request))

    return Route(path, answer, methods=["GET"])


def post(
    sandbox: Sandbox, path: str, model: type[PartT], handle: Callable[[Sandbox, PartT], Awaitable[Answer]]
) -> Route:
    """Return the route of an endpoint of our own that changes something."""

    async def answer(request: Request) -> Response:
        return reply(sandbox, await handle(sandbox, parse(await body_of(request), model)))

    return Route(path, answer, methods=["POST"])


def plaid(
    sandbox: Sandbox, path: str, model: type[AskT], handle: Callable[[Sandbox, AskT], Awaitable[Answer]]
) -> Route:
    """Return the route of an endpoint that is not about one Item."""

    async def answer(request: Request) -> Response:
        body = await body_of(request)
        authenticate(request.headers, body, sandbox.settings)
        return reply(sandbox, await handle(sandbox, parse(body, model)))

    return Route(path, answer, methods=["POST"])


def plaid_item(
    sandbox: Sandbox,
    path: str,
    model: type[OnItemT],
    handle: Callable[[Sandbox, Item, OnItemT], Awaitable[Answer]],
    *,
    broken_too: bool = False,
) -> Route:
    """Return the route of an endpoint about one Item; a broken Item answers its error unless `broken_too`."""

    async def handle_ask(_: Sandbox, ask: OnItemT) -> Answer:
        item = sandbox.registry.by_access_token(ask.access_token)
        if fault := item.fault_for(path):
            raise fault
        expire(sandbox, item)
        if item.error and not broken_too:
            raise item.error
        return await handle(sandbox, item, ask)

    return plaid(sandbox, path, model, handle_ask)


def expire(sandbox: Sandbox, item: Item) -> None:
    """Break an Item that is older than sandbox Items live, 30 days."""
    alive = timedelta(days=sandbox.settings.item_lifetime_days)
    if item.error is None and sandbox.clock.now() - (item.repaired_at or item.created_at) >= alive:
        sandbox.feed.fail(item, PlaidError("ITEM_LOGIN_REQUIRED"))


def refusals(sandbox: Sandbox) -> dict[object, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return the handlers that answer in Plaid's form whatever goes wrong."""

    async def plaid_error(_: Request, error: Exception) -> Response:
        known = error if isinstance(error, PlaidError) else PlaidError("INTERNAL_SERVER_ERROR")
        return reply(sandbox, known.fields(), known.status)

    async def unexpected(request: Request, error: Exception) -> Response:
        _log.error("%s failed", request.url.path, exc_info=error)
        return await plaid_error(request, error)

    async def not_found(request: Request, _: Exception) -> Response:
        return await plaid_error(
            request, PlaidError("NOT_FOUND", f"{request.method} {request.url.path} is no endpoint")
        )

    return {PlaidError: plaid_error, 404: not_found, 405: not_found, Exception: unexpected}
