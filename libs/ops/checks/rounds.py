"""The whole round: what is looked at, and what is left out where something that it needs is missing."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

from common.database import Database
from common.plaid import Credentials, PlaidClient
from common.sealing import Vault
from ops.checks import broker, database, plaid, web
from ops.checks.finding import Check, Finding, Outcome, examine, skipped
from ops.checks.plaid import Clock
from ops.checks.settings import Known

UNREADABLE = "its settings are not usable"


async def go(known: Known, *, clock: Clock = plaid.now, prefix: str = "") -> list[Finding]:
    """Return all findings; one that fails stops only what cannot be known without it."""
    return await examine(
        [
            Check("settings", known.look),
            Check("PostgreSQL", partial(_database, known, clock)),
            Check("RabbitMQ", partial(_broker, known, prefix)),
            Check("Plaid", partial(_plaid, known, clock)),
            Check("webhook URL", partial(_webhook_url, known)),
            *(Check("certificate", partial(web.certificate, url)) for url in _certified(known)),
        ]
    )


async def _database(known: Known, clock: Clock) -> Sequence[Finding]:
    if known.postgres is None:
        return [skipped("PostgreSQL", UNREADABLE)]
    url = known.postgres.database_url.get_secret_value()
    pool = Database(url, pool_size=1, application_name="ops doctor")
    try:
        found = await database.reach(pool)
        if _failed(found):
            return [
                *found,
                *_skipped("PostgreSQL does not serve us", "migrations", "clock beside PostgreSQL's", "keys"),
            ]
        schema, clocks = await database.schema(url), await plaid.database_clock(pool, clock)
        if known.sealing is None or _failed(schema):
            keys: Sequence[Finding] = [
                skipped("keys", UNREADABLE if known.sealing is None else "migrations are missing")
            ]
        else:
            keys = await database.keys(pool, Vault(known.sealing.plaid_encryption_key))
        return [*found, *schema, *clocks, *keys]
    finally:
        await pool.close()


async def _broker(known: Known, prefix: str) -> Sequence[Finding]:
    if known.broker is None:
        return [skipped("RabbitMQ", UNREADABLE)]
    return await broker.reach(known.broker.amqp_url.get_secret_value(), prefix)


async def _plaid(known: Known, clock: Clock) -> Sequence[Finding]:
    settings, uri = known.plaid, known.addresses.plaid_redirect_uri
    if settings is None:
        return _skipped(UNREADABLE, "Plaid", "redirect URI")
    client = PlaidClient(Credentials(settings.plaid_client_id, settings.plaid_secret, settings.plaid_host))
    try:
        found = await plaid.reach(client, settings, clock)
        if uri is None or _failed(found):
            why = "PLAID_REDIRECT_URI is not set here" if uri is None else "Plaid does not serve us"
            return [*found, skipped("redirect URI", why)]
        return [*found, *await plaid.redirect_uri(client, uri, at_home=known.at_home)]
    finally:
        client.close()


async def _webhook_url(known: Known) -> Sequence[Finding]:
    url = known.addresses.plaid_webhook_url
    if url is None:
        return [skipped("webhook URL", "PLAID_WEBHOOK_URL is not set here")]
    return await web.webhook_url(url, at_home=known.at_home)


def _certified(known: Known) -> list[str]:
    """Return an https address of each host of ours that browsers or Plaid call."""
    told = (known.addresses.plaid_webhook_url, known.addresses.plaid_redirect_uri)
    by_host = {urlsplit(url).netloc: url for url in told if url and url.startswith("https://")}
    return list(by_host.values())


def _failed(found: Sequence[Finding]) -> bool:
    return any(one.outcome is Outcome.FAIL for one in found)


def _skipped(why: str, *checks: str) -> list[Finding]:
    return [skipped(check, why) for check in checks]
