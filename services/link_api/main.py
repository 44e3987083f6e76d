"""Builds link_api: the only place that knows every part of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from common import web
from common.budget.postgres import PostgresBudget
from common.plaid import Credentials, PlaidClient, Priority, Spender
from common.runtime import Infrastructure, Service
from common.sealing import Vault
from link_api.callers import Callers
from link_api.cross_origin import allowing
from link_api.description import DescribedApp
from link_api.domain.link_requests import Terms
from link_api.domain.page_policy import Page
from link_api.exchange import Exchange
from link_api.idempotency import Idempotency, Runs
from link_api.institutions import Institutions
from link_api.jwks import KeySet, over_http
from link_api.link_tokens import LinkTokens
from link_api.middleware import BoundedBody, SafeHeaders, Standings
from link_api.parts import Parts
from link_api.presentation import Presentation
from link_api.problems import use_problems
from link_api.rates import Rates
from link_api.refreshes import Refreshes
from link_api.renewal import renew
from link_api.retention import forget
from link_api.routes import (
    accounts,
    categories,
    category_rules,
    events,
    expenses,
    explanations,
    exports,
    feedback,
    health,
    history,
    integrations,
    link_events,
    linking,
    notifications,
    page,
    recategorisations,
    reports,
    summaries,
    transactions,
)
from link_api.settings import Settings
from link_api.streams import Hub
from link_api.tokens import Keys, PublicKeys, SharedSecret, Tokens

log = structlog.get_logger(__name__)

SILENT = (
    "Banks linked now will never ring: only the sweep syncs them. Set it to the public address of webhook_ingest, "
    "https://<host>/api/plaid/webhook, before anybody links a bank."
)


PATIENCE = timedelta(seconds=2)
"""How long a user waits for room within Plaid's rate limits before we ask for another try."""


@asynccontextmanager
async def build(settings: Settings, infrastructure: Infrastructure) -> AsyncIterator[Service]:
    """Yield the running service."""
    if settings.plaid_webhook_url is None:
        log.warning("setting.unset", setting="PLAID_WEBHOOK_URL", advice=SILENT)
    database = infrastructure.database
    credentials = Credentials(settings.plaid_client_id, settings.plaid_secret, settings.plaid_host)
    plaid = PlaidClient(credentials, PostgresBudget(database, settings.rate_limits)).waiting(PATIENCE)
    vault = Vault(settings.plaid_encryption_key)
    institutions = Institutions(database, plaid, settings.plaid_country_codes)
    in_background = plaid.on_behalf_of(Spender(priority=Priority.BACKFILL))
    old_ones = Institutions(database, in_background, settings.plaid_country_codes)
    proofs = proofs_of_tokens(settings)
    hub = Hub(infrastructure.broker)
    parts = Parts(
        database=database,
        callers=Callers(database, Tokens(proofs, audience=settings.auth_audience, issuer=settings.auth_issuer)),
        link_tokens=LinkTokens(database, plaid, vault, terms(settings)),
        exchange=Exchange(database, plaid, vault, Presentation(database, plaid, vault, institutions)),
        refreshes=Refreshes(plaid, vault),
        hub=hub,
        page=Page(settings.plaid_link_script, settings.plaid_link_host),
        rates=Rates(database, settings.api_rate_limit),
        limits=settings.rate_limits,
    )
    try:
        yield Service(
            app=guarded(create_app(parts), parts, Runs(database, vault), settings.cors_origins),
            loops=[hub.run, partial(forget, database), partial(renew, database, old_ones), proofs.run],
        )
    finally:
        plaid.close()


def proofs_of_tokens(settings: Settings) -> Keys:
    """Return what proves bearer tokens: the settings have one of the two."""
    if settings.auth_jwt_secret:
        return SharedSecret(settings.auth_jwt_secret)
    return PublicKeys(KeySet(over_http(str(settings.auth_jwks_url))))


def terms(settings: Settings) -> Terms:
    """Return what every Link session of this deployment asks for."""
    return Terms(
        client_name=settings.plaid_client_name,
        language=settings.plaid_language,
        country_codes=settings.plaid_country_codes,
        days_requested=settings.plaid_days_requested,
        webhook=settings.plaid_webhook_url,
        redirect_uri=settings.plaid_redirect_uri,
    )


def create_app(parts: Parts) -> FastAPI:
    """Return the HTTP face over these parts."""
    app = described()
    app.state.parts = parts
    use_problems(app)
    app.router.routes.extend(web.probe_routes([parts.database.ping]))
    app.mount("/page", StaticFiles(directory=page.FOLDER))
    return app


def described() -> FastAPI:
    """Return the app with every route that is for users, which needs no parts to be described."""
    app = DescribedApp(
        title="CORA Bank Sync: link API",
        summary="Link banks, watch their transactions become expenses.",
        version="1",
        redoc_url=None,
        telemetry=web.TELEMETRY,
    )
    for noun in (
        linking,
        link_events,
        integrations,
        history,
        accounts,
        transactions,
        categories,
        category_rules,
        summaries,
        exports,
        recategorisations,
        expenses,
        explanations,
        reports,
        notifications,
        feedback,
        events,
        health,
        page,
    ):
        app.include_router(noun.router)
    return app


def guarded(app: FastAPI, parts: Parts, runs: Runs, origins: Sequence[str]) -> ASGIApp:
    """Return the app as it is served: around all of it, so that the answer to a crash is guarded too."""
    once = Idempotency(app, runs, parts.callers, parts.rates)
    return web.Correlation(SafeHeaders(allowing(origins, Standings(BoundedBody(once)))))
