"""Webhooks that Plaid never sent: each fails one step of the published verification."""

from datetime import datetime, timedelta

import jwt

from plaid_sandbox.webhooks.keys import KeyRing

_STALE = timedelta(minutes=6)
_FUTURE = timedelta(hours=1)


def forge(how: str, body: bytes, keys: KeyRing, now: datetime) -> tuple[bytes, str | None]:
    """Return a body and a `Plaid-Verification` that do not belong together."""
    match how:
        case "unknown_key":
            return body, keys.make("a stranger's key").sign(body, now)
        case "tampered_body":
            return body.replace(b'"environment"', b'"environment" '), keys.current.sign(body, now)
        case "stale":
            return body, keys.current.sign(body, now - _STALE)
        case "future":
            return body, keys.current.sign(body, now + _FUTURE)
        case "unsigned":
            return body, None
        case "wrong_algorithm":
            claims = jwt.decode(keys.current.sign(body, now), options={"verify_signature": False})
            secret = "0123456789abcdef0123456789abcdef"  # noqa: S105 - whoever forges has some secret
            return body, jwt.encode(claims, secret, algorithm="HS256", headers={"kid": keys.current.kid})
        case _:
            raise ValueError(f"no forgery is called {how!r}")
