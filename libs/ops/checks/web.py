"""Our own addresses as Plaid finds them: that the webhook's leads to webhook_ingest, how long certificates last."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import urllib3

from ops import printing
from ops.addresses import trouble_of
from ops.checks.finding import Finding, fail, ok, warn

TIMEOUT = 5.0
SOON = timedelta(days=14)
HTTPS = 443
REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
"""What webhook_ingest says to a sender that does not sign, and the proxy to one that is not on WEBHOOK_SOURCES."""


async def webhook_url(url: str, *, at_home: bool) -> Sequence[Finding]:
    """Return whether Plaid can post there: its form, and whether what is not signed is refused there."""
    check = "webhook URL"
    if trouble := trouble_of(url, at_home=at_home):
        return [fail(check, trouble, "Mend PLAID_WEBHOOK_URL: https://<your host>/api/plaid/webhook.")]
    try:
        status = await asyncio.to_thread(_post, url)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        remedy = "Look whether it can be reached from outside: DNS, firewall, the proxy; some networks hide it inside."
        return [warn(check, f"not reached from here ({type(error).__name__})", remedy)]
    if status in REFUSALS:
        return [ok(check, "leads to webhook_ingest, which refuses what is not signed")]
    remedy = "See that the proxy leads POST /api/plaid/webhook to webhook_ingest, and that this is ready (/readyz)."
    return [fail(check, f"answers {status}, where an unsigned webhook is refused with 401", remedy)]


def _post(url: str) -> int:
    with urllib3.PoolManager(retries=False, timeout=TIMEOUT) as pool:
        headers = {"Content-Type": "application/json"}
        return pool.request("POST", url, body=b"{}", headers=headers, redirect=False).status


async def certificate(url: str, trust: ssl.SSLContext | None = None) -> Sequence[Finding]:
    """Return whether the certificate of an https host is valid, and for how long."""
    parts = urlsplit(url)
    host, check = str(parts.hostname), f"certificate of {parts.hostname}"
    try:
        ends = await _ends(host, parts.port or HTTPS, trust or ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        remedy = "Renew it, or look in the proxy's log why it could not be had (ports 80 and 443, DNS)."
        return [fail(check, f"is not valid: {error.verify_message}", remedy)]
    except OSError as error:
        remedy = "Look whether the host can be reached from outside; some networks hide it inside."
        return [warn(check, f"not reached from here ({type(error).__name__})", remedy)]
    left = ends - datetime.now(UTC)
    days = printing.many(left.days, "day left", "days left")
    if left < SOON:
        return [warn(check, days, "It should have been renewed: look in the proxy's log why not.")]
    return [ok(check, days)]


async def _ends(host: str, port: int, trust: ssl.SSLContext) -> datetime:
    async with asyncio.timeout(TIMEOUT):
        _, writer = await asyncio.open_connection(host, port, ssl=trust)
    try:
        shown = writer.get_extra_info("peercert")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    finally:
        writer.close()
