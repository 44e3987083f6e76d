"""What every endpoint does alike: read, check, count, suffer what was ordered, answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.calls import Call, Logged, call_of
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.limits import FIRST_PAGES
from plaid_sandbox.outages import Outage
from plaid_sandbox.requests import OnItem, TransactionsSync
from plaid_sandbox.routes.answers import GatewayError, cut, reply
from plaid_sandbox.validation import Ask, authenticate, body_of, parse

_log = logging.getLogger(__name__)
AskT = TypeVar("AskT", bound=Ask)
OnItemT = TypeVar("OnItemT", bound=OnItem)
ModelT = TypeVar("ModelT", bound=BaseModel)


def get(sandbox: Sandbox, path: str, handle: Callable[[Sandbox, Request], Awaitable[Answer]]) -> Route:
    """Return the route of an endpoint of our own that reads."""

    async def answer(request: Request) -> Response:
        return await reply(sandbox, await handle(sandbox, request))

    return Route(path, answer, methods=["GET"])


def post(
    sandbox: Sandbox, path: str, model: type[ModelT], handle: Callable[[Sandbox, ModelT], Awaitable[Answer]]
) -> Route:
    """Return the route of an endpoint of our own that changes something."""

    async def answer(request: Request) -> Response:
        body = await handle(sandbox, parse(await body_of(request), model))
        sandbox.durability.note()
        return await reply(sandbox, body)

    return Route(path, answer, methods=["POST"])


def plaid(
    sandbox: Sandbox,
    path: str,
    model: type[AskT],
    handle: Callable[[Sandbox, AskT], Awaitable[Answer]],
    *,
    reads: bool = False,
) -> Route:
    """Return the route of an endpoint that is not about one Item; `reads` says that it changes nothing."""

    async def answer(request: Request) -> Response:
        client, ask = await _admit(sandbox, request, model)
        outage = await _suffer(sandbox, path, None)
        _count(sandbox, path, client, ask, None)
        body = await handle(sandbox, ask)
        if not reads:
            sandbox.durability.note()
        return _told(await reply(sandbox, body, call_of(request)), outage)

    return _logged(sandbox, path, answer)


def plaid_item(
    sandbox: Sandbox,
    path: str,
    model: type[OnItemT],
    handle: Callable[[Sandbox, Item, OnItemT], Awaitable[Answer]],
    *,
    broken_too: bool = False,
    reads: bool = False,
) -> Route:
    """Return the route of an endpoint about one Item; a broken Item answers its error unless `broken_too`.

    `reads` says that it changes nothing, or notes itself what it changes.
    """

    async def answer(request: Request) -> Response:
        client, ask = await _admit(sandbox, request, model)
        item = sandbox.registry.by_access_token(ask.access_token)
        call = _about(request, item, ask)
        outage = await _suffer(sandbox, path, item)
        _count(sandbox, path, client, ask, item)
        expire(sandbox, item)
        if item.error and not broken_too:
            raise item.error
        body = await handle(sandbox, item, ask)
        if not reads:
            sandbox.durability.note()
        return _told(await reply(sandbox, body, call), outage)

    return _logged(sandbox, path, answer)


def expire(sandbox: Sandbox, item: Item) -> None:
    """Break an Item that is older than sandbox Items live, 30 days, or whose announced end has come."""
    lifetime = timedelta(days=sandbox.settings.item_lifetime_days)
    if item.error is None and (error := item.outlived(sandbox.clock.now(), lifetime)):
        sandbox.feed.fail(item, error)


async def _admit(sandbox: Sandbox, request: Request, model: type[AskT]) -> tuple[str, AskT]:
    content_type = request.headers.get("Content-Type", "application/json")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise PlaidError("INVALID_BODY", "Content-Type must be application/json")
    body = await body_of(request)
    client = authenticate(request.headers, body, sandbox.settings)
    return client, parse(body, model)


def _logged(sandbox: Sandbox, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route(path, answer, methods=["POST"], middleware=[Middleware(Logged, sandbox.calls)])


def _about(request: Request, item: Item, ask: OnItem) -> Call | None:
    if call := call_of(request):
        call.item_id = item.item_id
        call.cursor = ask.cursor if isinstance(ask, TransactionsSync) else None
    return call


async def _suffer(sandbox: Sandbox, path: str, item: Item | None) -> Outage | None:
    """Let the outage that covers this call do its work, and return it where the call goes on all the same."""
    outage = sandbox.outages.strike(path, item, sandbox.clock.now())
    if outage is None:
        return None
    await asyncio.sleep(outage.delay)
    if outage.gateway_error:
        raise GatewayError(outage.retry_after)
    if outage.error_code:
        raise PlaidError(outage.error_code, outage.message, retry_after=outage.retry_after)
    return outage


def _told(response: Response, outage: Outage | None) -> Response:
    return cut(response) if outage and outage.cut else response


def _count(sandbox: Sandbox, path: str, client: str, ask: Ask, item: Item | None) -> None:
    first_page = isinstance(ask, TransactionsSync) and not ask.cursor
    paths = (path, FIRST_PAGES) if first_page else (path,)
    sandbox.limiter.count(paths, client=client, item_id=item.item_id if item else None, now=sandbox.clock.now())
