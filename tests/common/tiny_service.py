"""A service of nothing but the house: what the tests of logging and of the runtime run as a process of its own."""

import asyncio
import logging as stdlib_logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from common.logging import correlated
from common.runtime import Infrastructure, Service, StandardSettings, run
from common.web import Correlation, probe_routes

log = structlog.get_logger(__name__)


class Slow:
    """Answers after a while, and knows how many wait for it."""

    def __init__(self) -> None:
        self._waiting = 0

    async def answer(self, request: Request) -> Response:
        """Answer after so many seconds."""
        self._waiting += 1
        await asyncio.sleep(float(request.query_params["seconds"]))
        return PlainTextResponse("done")

    async def waiting(self, _request: Request) -> Response:
        """Tell how many wait."""
        return PlainTextResponse(str(self._waiting))


async def speak(_request: Request) -> Response:
    """Write every kind of log line."""
    log.debug("too.quiet")
    log.info("spoken", integration_id=7, text="Überweisung ☕\nsecond line")
    stdlib_logging.getLogger("a.library").warning("library says %s", "hello")
    stdlib_logging.getLogger("aio_pika").info("chatter")
    with correlated("another-id", extra=1):
        log.warning("bound")
    a_token = "access-sandbox-" + "local-variable"  # noqa: F841 - stands in the frame of the traceback
    try:
        int("no luck")
    except ValueError:
        log.exception("failed")
    return PlainTextResponse("spoken")


async def work() -> None:
    """Do nothing, or die when told to."""
    await asyncio.sleep(float(os.environ.get("DIE_AFTER", "3600")))
    raise RuntimeError("the loop has no luck")


@asynccontextmanager
async def build(_settings: StandardSettings, _infrastructure: Infrastructure) -> AsyncIterator[Service]:
    """Yield the service."""
    slow = Slow()
    routes = [Route("/slow", slow.answer), Route("/waiting", slow.waiting), Route("/speak", speak), *probe_routes([])]
    try:
        yield Service(Correlation(Starlette(routes=routes)), loops=[work])
    finally:
        log.info("built.down")


if __name__ == "__main__":
    run("tiny_service", StandardSettings, build)
