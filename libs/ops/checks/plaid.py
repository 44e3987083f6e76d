"""Plaid: that it is there and takes our keys in our environment, knows our redirect URI, and has our time."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from common.database import Database
from common.plaid import PlaidClient, PlaidError
from common.settings import PlaidSettings
from ops.addresses import trouble_of
from ops.checks.finding import Finding, fail, ok, skipped, warn

Clock = Callable[[], datetime]

SLIGHT = timedelta(seconds=5)
MOST = timedelta(seconds=30)
"""Bearer tokens are taken with 30 seconds of difference, webhooks with five minutes."""
HALF_A_SECOND = timedelta(milliseconds=500)
"""The Date of an answer leaves out the fraction."""
SET_THE_CLOCK = "Let the clock be set by NTP (chrony, systemd-timesyncd) on every machine of ours."

REMEDIES = {
    "INVALID_API_KEYS": "PLAID_CLIENT_ID and PLAID_SECRET must be those of PLAID_ENV: see Plaid's dashboard.",
    "UNAUTHORIZED_ENVIRONMENT": "Ask Plaid for access to the environment in PLAID_ENV, or mend PLAID_ENV.",
    "PLAID_UNREACHABLE": "See that this network leads to Plaid (443, DNS, PLAID_BASE_URL), and status.plaid.com.",
}
ELSE = "See status.plaid.com and Plaid's page on this error; nothing is lost meanwhile."


def now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


async def reach(plaid: PlaidClient, settings: PlaidSettings, clock: Clock = now) -> Sequence[Finding]:
    """Return whether Plaid takes our keys, by the cheapest call that needs no item, and how our clocks differ."""
    try:
        before, theirs, after = clock(), await plaid.probe(), clock()
    except PlaidError as error:
        says = f"{settings.plaid_env} at {settings.plaid_host}: {error.code}"
        return [fail("Plaid", says, REMEDIES.get(error.code, ELSE))]
    well = ok("Plaid", f"{settings.plaid_env} at {settings.plaid_host} takes our keys")
    if theirs is None:
        return [well, skipped("clock beside Plaid's", "its answer says no time")]
    return [well, skew("clock beside Plaid's", before + (after - before) / 2, theirs + HALF_A_SECOND)]


async def database_clock(database: Database, clock: Clock = now) -> Sequence[Finding]:
    """Return how this machine's clock differs from the database's."""
    async with database.transaction() as session:
        before = clock()
        theirs = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
        after = clock()
    return [skew("clock beside PostgreSQL's", before + (after - before) / 2, theirs)]


def skew(check: str, ours: datetime, theirs: datetime) -> Finding:
    """Return how far our clock is from theirs; Plaid's is known to a second."""
    off = ours - theirs
    says = f"{abs(off).total_seconds():.1f} s {'ahead' if off > timedelta(0) else 'behind'}"
    if abs(off) > MOST:
        return fail(check, says, SET_THE_CLOCK)
    return warn(check, says, SET_THE_CLOCK) if abs(off) > SLIGHT else ok(check, says)


async def redirect_uri(plaid: PlaidClient, uri: str, *, at_home: bool) -> Sequence[Finding]:
    """Return whether OAuth banks can send users back there: its form, and by a link token that costs nothing, Plaid."""
    check = "redirect URI"
    trouble = "must have no query string" if "?" in uri else trouble_of(uri, at_home=at_home)
    if trouble:
        return [fail(check, trouble, "Mend PLAID_REDIRECT_URI: https://<your host>/oauth-return.")]
    try:
        await plaid.create_link_token(_link(uri))
    except PlaidError as error:
        if error.code == "INVALID_FIELD" and "redirect" in error.details.error_message.lower():
            remedy = "Put PLAID_REDIRECT_URI, letter for letter, on the allow-list in Plaid's dashboard (API)."
            return [fail(check, "Plaid does not take it", remedy)]
        return [skipped(check, f"Plaid says something else first: {error.code}")]
    return [ok(check, "Plaid takes it")]


def _link(uri: str) -> dict[str, Any]:
    return {
        "client_name": "CORA",
        "language": "en",
        "country_codes": ["US"],
        "products": ["transactions"],
        "user": {"client_user_id": "ops doctor"},
        "redirect_uri": uri,
    }
