"""Proof that Plaid sent a webhook: a JWT over its raw bytes (plaid.com/docs/api/webhooks/webhook-verification)."""

import time
from collections.abc import Callable

from webhook_ingest import jws
from webhook_ingest.domain import signature as rules
from webhook_ingest.domain.refusal import Unverified
from webhook_ingest.keys import Keys, UnknownKey

LONGEST = 4096
"""Characters of a signature; Plaid's have about 300."""


class Verifier:
    """Checks signatures with the keys of one environment, by an injected clock (Unix time)."""

    def __init__(self, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    async def verify(self, signature: str, body: bytes, source: str = "") -> None:
        """Return if Plaid signed this body just now; raise Unverified, or KeyUnavailable when that cannot be told.

        What the signature says is checked before its key is asked for: what could not pass by any key costs no call of
        Plaid, and its sender is told why. Nothing is believed of it before it is verified. `source` is the address that
        it came from: of who asks for unknown keys, none takes another's turn.
        """
        proof = _read(signature)
        header, claims = rules.read_header(proof.header), rules.read_claims(proof.payload)
        rules.check_claims(claims, body, now=self._clock())
        try:
            key = await self._keys.get(header.kid, source)
        except UnknownKey:
            raise Unverified("unknown_key") from None
        if not proof.fits(key.public.key):
            raise Unverified("signature")
        rules.check_expiry(claims, key.expired_at)


def _read(signature: str) -> jws.Jws:
    if not signature:
        raise Unverified("missing")
    if len(signature) > LONGEST:
        raise Unverified("malformed")
    try:
        return jws.read(signature)
    except jws.Malformed:
        raise Unverified("malformed") from None
