"""Which addresses may post webhooks at all, where an operator listed them."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from common.web import Problem

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

Network = IPv4Network | IPv6Network


def address_of(request: Request) -> str:
    """Return where a request came from, as the proxies that we trust say; nothing when that is no address."""
    try:
        ip = ip_address(request.client.host if request.client else "")
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)


class Sources:
    """Admits the listed networks; everybody, when none is listed."""

    def __init__(self, listed: Sequence[Network] = ()) -> None:
        self._listed = listed

    def check(self, address: str) -> None:
        """Return if a webhook may come from this address, else raise the Problem to answer with."""
        if self._listed and not self._admits(address):
            raise Problem(403, "Webhooks are not taken from this address (WEBHOOK_SOURCES).", code="source")

    def _admits(self, address: str) -> bool:
        return bool(address) and any(ip_address(address) in network for network in self._listed)


def behind(proxies: Sequence[Network], app: ASGIApp) -> ASGIApp:
    """Return the app told by these proxies' X-Forwarded-For where a request came from; nobody else's is believed.

    That is the rightmost address there that is none of them: what stands left of it may be made up.
    """
    if not proxies:
        return app
    trusted = [spelling for proxy in proxies for spelling in _spellings(proxy)]
    return cast("ASGIApp", ProxyHeadersMiddleware(cast("ASGI3Application", app), trusted))


def _spellings(network: Network) -> list[str]:
    """Return the network, and one of IPv4 also as a socket of both kinds sees it (RFC 4291, 2.5.5.2)."""
    if network.version == 6:  # noqa: PLR2004 - IPv6
        return [str(network)]
    return [str(network), f"::ffff:{network.network_address}/{96 + network.prefixlen}"]
