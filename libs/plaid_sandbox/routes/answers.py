"""How answers leave: kept before they are told, with a request id, errors in Plaid's form, or broken off on order."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from plaid_sandbox.calls import Call, call_of
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer, encode_body
from plaid_sandbox.errors import PlaidError

_log = logging.getLogger(__name__)
_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class GatewayError(Exception):
    """A proxy before Plaid answers with a page of its own, and may say when to come again."""

    def __init__(self, retry_after: int | None) -> None:
        self.retry_after = retry_after
        super().__init__()


async def reply(sandbox: Sandbox, body: Answer, call: Call | None = None) -> Response:
    """Return a JSON response that carries a request id, once all that it tells is kept."""
    await sandbox.durability.settled()
    return _render(sandbox, body, 200, call)


def _render(
    sandbox: Sandbox, body: Answer, status: int, call: Call | None, headers: dict[str, str] | None = None
) -> Response:
    answer = {**body, "request_id": sandbox.mint.request_id()}
    if call:
        call.answered(answer, status)
    return Response(encode_body(answer), status, headers, media_type="application/json")


def _headers(error: Exception) -> dict[str, str] | None:
    retry_after = getattr(error, "retry_after", None)
    return None if retry_after is None else {"Retry-After": str(retry_after)}


class _Cut(Response):
    """An answer that breaks off in the middle: the server closes a connection whose answer is not complete."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def cut(response: Response) -> Response:
    """Return this answer as one that breaks off in the middle."""
    return _Cut(response.body, response.status_code, media_type="application/json")


def refusals(sandbox: Sandbox) -> dict[object, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return the handlers that answer in Plaid's form whatever goes wrong."""

    async def plaid_error(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, PlaidError) else PlaidError("INTERNAL_SERVER_ERROR")
        return _render(sandbox, known.fields(), known.status, call_of(request), _headers(known))

    async def gateway_error(request: Request, error: Exception) -> Response:
        if call := call_of(request):
            call.status = 502
        return HTMLResponse(_GATEWAY_PAGE, 502, _headers(error))

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
