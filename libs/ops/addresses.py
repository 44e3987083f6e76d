"""Whether an address of ours is one that others can use: Plaid, and the browsers of users."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

HOMES = ("localhost", "local", "internal", "lan", "home.arpa")
"""Names that mean something else, or nothing, to everybody else (RFC 6761, 6762, 8375)."""


def trouble_of(url: str, *, at_home: bool) -> str | None:
    """Return why Plaid cannot use this URL, None where it can; `at_home`: a stand-in beside us may use any."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        return "is no whole URL, such as https://bank.example.com/path"
    if parts.username or parts.password or parts.fragment:
        return "must hold neither a user, nor a password, nor a fragment"
    return None if at_home else _trouble_outside(parts, host)


def _trouble_outside(parts: SplitResult, host: str) -> str | None:
    if parts.scheme != "https":
        return "must begin with https://"
    return None if is_public(host) else f"names a host that nobody outside knows ({host})"


def is_public(host: str) -> bool:
    """Return whether a host can be meant for everybody; whether it is known, only DNS tells."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not any(host == home or host.endswith(f".{home}") for home in HOMES)
