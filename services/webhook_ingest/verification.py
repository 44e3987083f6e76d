"""Proof that Plaid sent a webhook: a JWT over its raw bytes (plaid.com/docs/api/webhooks/webhook-verification)."""

import time
from collections.abc import Callable

import jwt

from webhook_ingest.domain import signature as rules
from webhook_ingest.domain.refusal import Unverified
from webhook_ingest.keys import Keys, UnknownKey

LONGEST = 4096
"""Characters of a signature; Plaid's have about 300."""

_jws = jwt.PyJWS(algorithms=["ES256"])


class Verifier:
    """Checks signatures with the keys of one environment, by an injected clock (Unix time)."""

    def __init__(self, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    async def verify(self, signature: str, body: bytes) -> None:
        """Return if Plaid signed this body just now; raise Unverified, or KeysUnavailable when that cannot be told."""
        key_id = _key_id(signature)
        try:
            key = await self._keys.get(key_id)
        except UnknownKey:
            raise Unverified("unknown_key") from None
        try:
            payload: bytes = _jws.decode(signature, key.public, algorithms=["ES256"])
        except jwt.PyJWTError:
            raise Unverified("signature") from None
        claims = rules.read_claims(payload)
        rules.check_claims(claims, body, now=self._clock(), key_expired_at=key.expired_at)


def _key_id(signature: str) -> str:
    if not signature:
        raise Unverified("missing")
    if len(signature) > LONGEST:
        raise Unverified("malformed")
    try:
        header = _jws.get_unverified_header(signature)
    except jwt.PyJWTError:
        raise Unverified("malformed") from None
    return rules.read_header(header).kid
