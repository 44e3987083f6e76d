"""A little HTTP server before webhook_ingest that does what proxies, firewalls and wrong settings do."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.plaid_sandbox.running import serving
from tests.webhook_ingest.doubles import PATH

NO_CONTENT = 204


def same(body: bytes) -> bytes:
    """Return the body as it is."""
    return body


@dataclass
class Front:
    """Passes requests on to `upstream` and answers back, but for what it is told to do otherwise."""

    upstream: str
    rewrite: Callable[[bytes], bytes] = same
    change: Mapping[str, str | None] = field(default_factory=dict)
    """Headers that are changed where they come, or dropped where None."""
    clock: float = 0.0
    """Seconds by which the Date of its answers is off."""
    requests: int = 0

    async def pass_on(self, request: Request) -> Response:
        """Answer as upstream does."""
        self.requests += 1
        passed = (name for name in ("plaid-verification", "content-type") if name in request.headers)
        changed = {name: self.change.get(name, request.headers[name]) for name in passed}
        headers = {name: value for name, value in changed.items() if value is not None}
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            content = self.rewrite(await request.body())
            answer = await client.post(self.upstream + request.url.path, content=content, headers=headers)
        date = parsedate_to_datetime(answer.headers["date"]) + timedelta(seconds=self.clock)
        told = {"content-type": answer.headers["content-type"], "date": format_datetime(date, usegmt=True)}
        return Response(answer.content, answer.status_code, told)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve beside the block; yield the webhook's address."""
        app = Starlette(routes=[Route("/{path:path}", self.pass_on, methods=["POST"])])
        async with serving(app) as url:
            yield url + PATH


@asynccontextmanager
async def answering(body: str, **headers: str) -> AsyncIterator[str]:
    """Serve one answer to everything, of the status that ends its path; yield the address before that."""

    async def answer(request: Request) -> Response:
        status = request.path_params["status"]
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(body if status != NO_CONTENT else "", status, told)

    async with serving(Starlette(routes=[Route("/{status:int}", answer, methods=["POST"])])) as url:
        yield url


def parsed(body: bytes) -> dict[str, object]:
    """Return a body as a rewriter reads it."""
    read: dict[str, object] = json.loads(body)
    return read
