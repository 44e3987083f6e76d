"""Composition of webhook_ingest: the only place that builds its parts."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI

from common.plaid import Credentials, PlaidClient
from common.runtime import Infrastructure, Service
from common.web import TELEMETRY, Correlation, probe_routes, use_problems
from webhook_ingest.acceptance import Acceptance
from webhook_ingest.keys import Keys
from webhook_ingest.routes import Webhooks, routes
from webhook_ingest.settings import Settings
from webhook_ingest.sources import Sources, behind
from webhook_ingest.verification import Verifier

log = structlog.get_logger(__name__)

KEY_CALLS = 4
"""Calls of Plaid at a time."""
CONNECTIONS = 1000
"""At a time; each may hold a body of 256 KiB for 10 seconds."""


@asynccontextmanager
async def build(
    settings: Settings,
    infrastructure: Infrastructure,
    *,
    broker_first: bool = True,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Service]:
    """Yield the service; `broker_first` False stores every webhook in the outbox alone (the in-process broker)."""
    if settings.plaid_webhook_secret and settings.plaid_webhook_secret.get_secret_value():
        log.warning("setting.unused", setting="PLAID_WEBHOOK_SECRET", reason="Plaid has no such secret")
    credentials = Credentials(settings.plaid_client_id, settings.plaid_secret, settings.plaid_host)
    client = PlaidClient(credentials, concurrency=KEY_CALLS)
    keys = Keys(client.get_verification_key, clock=clock)
    acceptance = Acceptance(infrastructure.broker, infrastructure.database, broker_first=broker_first)
    sources = Sources(settings.webhook_sources)
    verifier = Verifier(keys, clock=clock)
    webhooks = Webhooks(verifier, acceptance, settings.plaid_env, sources=sources, clock=clock)
    app = behind(settings.trusted_proxies, Correlation(_app(webhooks, acceptance)))
    try:
        yield Service(app, loops=[keys.run], connections=CONNECTIONS)
    finally:
        client.close()


def _app(webhooks: Webhooks, acceptance: Acceptance) -> FastAPI:
    app = FastAPI(title="webhook_ingest", description="Takes Plaid's webhooks.", redoc_url=None, telemetry=TELEMETRY)
    app.include_router(routes(webhooks))
    app.router.routes.extend(probe_routes([acceptance.broker_or_database]))
    use_problems(app)
    return app
