"""Builds the stand-in as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route

from plaid_sandbox.clock import Clock
from plaid_sandbox.core import Sandbox, build
from plaid_sandbox.keeper import Keeper
from plaid_sandbox.routes import (
    api,
    control,
    control_calls,
    control_scenario,
    link,
    link_oauth,
    link_pages,
    transactions,
)
from plaid_sandbox.routes import sandbox as sandbox_only
from plaid_sandbox.routes.answers import refusals
from plaid_sandbox.scenario.reading import read
from plaid_sandbox.scenario.runner import Runner
from plaid_sandbox.settings import Settings


def create_app(settings: Settings, clock: Clock | None = None) -> Starlette:
    """Return a stand-in of its own; nothing runs and nothing is sent before its lifespan begins.

    Raises ScenarioRefused where the settings name a scenario that is not understood.
    """
    scenario = read(settings.scenario) if settings.scenario else None
    sandbox = build(settings, clock or Clock())
    runner = Runner(sandbox)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sandbox.client, _kept(sandbox, settings.state_file):
            if scenario:
                runner.start(scenario)
            yield
            await sandbox.tasks.stop()

    app = Starlette(routes=_routes(sandbox, runner), exception_handlers=refusals(sandbox), lifespan=lifespan)
    app.state.sandbox = sandbox
    return app


def _routes(sandbox: Sandbox, runner: Runner) -> list[BaseRoute]:
    window = [*link.routes(sandbox), *link_oauth.routes(sandbox), *link_pages.routes()]
    anybody = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    return [
        Route("/healthz", _healthz),
        *api.routes(sandbox),
        *transactions.routes(sandbox),
        *sandbox_only.routes(sandbox),
        *control.routes(sandbox),
        *control_calls.routes(sandbox),
        *control_scenario.routes(sandbox, runner),
        Mount("/link", routes=window, middleware=[anybody]),
    ]


async def _healthz(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


@asynccontextmanager
async def _kept(sandbox: Sandbox, file: Path | None) -> AsyncIterator[None]:
    """Keep the state in this file, if one is set: restored at the start, written before anything is told of it."""
    if file is None:
        yield
        return
    keeper = Keeper(sandbox, file)
    keeper.load()
    async with sandbox.durability.saving(keeper.save):
        yield
