"""What every HTTP face of ours shares: problem+json (RFC 9457), probes, correlation ids, bounded bodies."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.logging import correlated

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

UNTRACED = frozenset({"/healthz", "/readyz", "/metrics", "/api/events"})
"""What is asked all the time, and a stream, which has no end."""
TELEMETRY: "TelemetryConfig" = {
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
    "exclude": lambda scope: scope["path"] in UNTRACED,
}
"""What FastAPI tells of itself: a span for each request, where `common.tracing` wants it, and nothing else."""

ErrorT = TypeVar("ErrorT", bound=Exception)
Check = Callable[[], Awaitable[None]]
"""Raises when what it checks is not there."""


class Problem(Exception):
    """An answer that says what went wrong and what to do; `extra` members go into the body as they are."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        retryable: bool = False,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        title = HTTPStatus(status).phrase
        self.status = status
        self.code = code or title.lower().replace(" ", "_")
        self.headers = headers
        self.body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "code": self.code,
            "retryable": retryable,
        } | {name: value for name, value in extra.items() if value is not None}

    def response(self) -> Response:
        """Return the problem as application/problem+json."""
        return JSONResponse(self.body, self.status, self.headers, media_type="application/problem+json")


def unexpected(error: Exception) -> Problem:
    """Log a fault of ours; return the 500 that tells nothing of it."""
    log.error("http.unexpected", error=type(error).__name__, exc_info=error)
    return Problem(500, "Something went wrong on our side; it has been logged. Try again.", retryable=True)


def use_problems(app: Starlette, *, addresses: str = "/docs lists what there is") -> None:
    """Answer every error of the app as problem+json; `addresses` says where to find what it serves."""
    advice = {
        400: "The body cannot be read; send it as this address wants it.",
        404: f"There is nothing at this address; {addresses}.",
        405: f"This address does not take that method; {addresses}.",
    }

    def of_framework(error: HTTPException) -> Problem:
        detail = advice.get(error.status_code, error.detail)
        return Problem(error.status_code, detail, headers=dict(error.headers or {}))

    render(app, Problem, lambda problem: problem)
    render(app, HTTPException, of_framework)
    render(app, Exception, unexpected)


def render(app: Starlette, kind: type[ErrorT], problem_of: Callable[[ErrorT], Problem]) -> None:
    """Answer errors of this kind as the problem that they are."""

    async def handle(_request: Request, error: Exception) -> Response:
        return problem_of(cast("ErrorT", error)).response()

    app.add_exception_handler(kind, handle)


class Correlation:
    """One correlation id per request, taken from X-Correlation-ID or made, and sent back.

    Goes around the whole app: a middleware that the app adds lies within the one that answers and logs a 500.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("ascii", "ignore")[:64]
        correlation_id = given if given.replace("-", "").isalnum() else str(uuid4())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-correlation-id", correlation_id.encode())]
            await send(message)

        with correlated(correlation_id):
            await self._app(scope, receive, send_with_id)


async def read_body(request: Request, limit: int, *, within: float = 10.0) -> bytes:
    """Return the raw body; raise a Problem, 413 before more than `limit` bytes are read, 408 after `within` seconds."""
    declared = request.headers.get("content-length", "")[:19]
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(within):
            return await _collect(request, limit)
    except TimeoutError:
        raise Problem(408, f"The body did not arrive within {within:g} seconds.", code="too_slow") from None
    except ClientDisconnect:
        raise Problem(400, "The body ended early.", code="cut_off") from None


async def _collect(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body is larger than {limit} bytes; send less.", code="too_large")


def probe_routes(checks: Sequence[Check]) -> list[Route]:
    """Return /healthz (the process runs), /readyz (it can work) and /metrics (Prometheus)."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        for check in checks:
            try:
                await check()
            except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is "not ready"
                reason = f"{check.__name__}: {type(error).__name__}"
                return PlainTextResponse(f"not ready: {reason}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ready\n")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def probes(checks: Sequence[Check]) -> Starlette:
    """Return the app of a service that serves nothing but its probes."""
    app = Starlette(routes=probe_routes(checks))
    use_problems(app, addresses="/healthz, /readyz and /metrics are all there is")
    return app
