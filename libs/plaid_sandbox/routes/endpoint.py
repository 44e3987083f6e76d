"""What every endpoint does alike: read, check, answer, and put errors in Plaid's form."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import encode
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.limits import FIRST_PAGES
from plaid_sandbox.outages import Outage
from plaid_sandbox.requests import OnItem, TransactionsSync
from plaid_sandbox.validation import Ask, authenticate, body_of, parse

_log = logging.getLogger(__name__)
_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
Answer = Mapping[str, object]
AskT = TypeVar("AskT", bound=Ask)
OnItemT = TypeVar("OnItemT", bound=OnItem)
ModelT = TypeVar("ModelT", bound=BaseModel)


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
    sandbox: Sandbox, path: str, model: type[ModelT], handle: Callable[[Sandbox, ModelT], Awaitable[Answer]]
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
        client, ask = await _admit(sandbox, request, model)
        if outage := sandbox.outages.strike(path, None):
            await _suffer(outage)
        _count(sandbox, path, client, ask, None)
        return reply(sandbox, await handle(sandbox, ask))

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

    async def answer(request: Request) -> Response:
        client, ask = await _admit(sandbox, request, model)
        item = sandbox.registry.by_access_token(ask.access_token)
        if outage := sandbox.outages.strike(path, item):
            await _suffer(outage)
        _count(sandbox, path, client, ask, item)
        expire(sandbox, item)
        if item.error and not broken_too:
            raise item.error
        return reply(sandbox, await handle(sandbox, item, ask))

    return Route(path, answer, methods=["POST"])


def expire(sandbox: Sandbox, item: Item) -> None:
    """Break an Item that is older than sandbox Items live, 30 days."""
    alive = timedelta(days=sandbox.settings.item_lifetime_days)
    if item.error is None and sandbox.clock.now() - (item.repaired_at or item.created_at) >= alive:
        sandbox.feed.fail(item, PlaidError("ITEM_LOGIN_REQUIRED"))


class GatewayError(Exception):
    """A proxy before Plaid answers with a page of its own."""


async def _admit(sandbox: Sandbox, request: Request, model: type[AskT]) -> tuple[str, AskT]:
    content_type = request.headers.get("Content-Type", "application/json")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise PlaidError("INVALID_BODY", "Content-Type must be application/json")
    body = await body_of(request)
    client = authenticate(request.headers, body, sandbox.settings)
    return client, parse(body, model)


async def _suffer(outage: Outage) -> None:
    await asyncio.sleep(outage.delay)
    if outage.gateway_error:
        raise GatewayError
    if outage.error_code:
        raise PlaidError(outage.error_code, outage.message)


def _count(sandbox: Sandbox, path: str, client: str, ask: Ask, item: Item | None) -> None:
    first_page = isinstance(ask, TransactionsSync) and not ask.cursor
    for name in (path, FIRST_PAGES) if first_page else (path,):
        sandbox.limiter.count(name, client=client, item_id=item.item_id if item else None, now=sandbox.clock.now())


def refusals(sandbox: Sandbox) -> dict[object, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return the handlers that answer in Plaid's form whatever goes wrong."""

    async def plaid_error(_: Request, error: Exception) -> Response:
        known = error if isinstance(error, PlaidError) else PlaidError("INTERNAL_SERVER_ERROR")
        return reply(sandbox, known.fields(), known.status)

    async def gateway_error(_: Request, __: Exception) -> Response:
        return HTMLResponse(_GATEWAY_PAGE, 502)

    async def unexpected(request: Request, error: Exception) -> Response:
        _log.error("%s failed", request.url.path, exc_info=error)
        return await plaid_error(request, error)

    async def not_found(request: Request, _: Exception) -> Response:
        return await plaid_error(
            request, PlaidError("NOT_FOUND", f"{request.method} {request.url.path} is no endpoint")
        )

    return {
        PlaidError: plaid_error,
        GatewayError: gateway_error,
        404: not_found,
        405: not_found,
        Exception: unexpected,
    }
