"""What a signature must say: ES256 by a key we look up ourselves, of just now, over these very bytes.

Source: plaid.com/docs/api/webhooks/webhook-verification; RFC 7515 for the header.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, ValidationError

from webhook_ingest.domain.fields import Strict
from webhook_ingest.domain.refusal import Unverified

MAX_AGE = 300
MAX_AHEAD = 30
"""Seconds around now in which `iat` must lie."""

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Plaid's are UUIDs."""


class Header(Strict):
    """A signature's header (RFC 7515): ES256 alone, by a key we look up ourselves, with nothing critical added."""

    alg: Literal["ES256"]
    kid: KeyId
    jwk: None = None
    jku: None = None
    x5u: None = None
    x5c: None = None
    crit: None = None
    b64: None = None


class Claims(Strict):
    """What a signature says: when, and over which body."""

    iat: int
    request_body_sha256: str


def read_header(header: Mapping[str, Any]) -> Header:
    """Return the header of a signature that is of the one kind we take, else raise Unverified."""
    try:
        return Header.model_validate(header)
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors(include_input=False)}
        raise Unverified("algorithm" if "alg" in wrong else "header") from None


def read_claims(payload: bytes) -> Claims:
    """Return what a signature says, or raise Unverified."""
    try:
        return Claims.model_validate_json(payload)
    except ValidationError:
        raise Unverified("claims") from None


def check_claims(claims: Claims, body: bytes, *, now: float) -> None:
    """Return if the claims speak of this body and of this moment, else raise Unverified."""
    if claims.iat < now - MAX_AGE:
        raise Unverified("stale")
    if claims.iat > now + MAX_AHEAD:
        raise Unverified("from_the_future")
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), claims.request_body_sha256.encode()):
        raise Unverified("body_changed")


def check_expiry(claims: Claims, key_expired_at: int | None) -> None:
    """Return if the key was still valid when it signed, else raise Unverified."""
    if key_expired_at is not None and claims.iat > key_expired_at:  # both in whole seconds: the last one is genuine
        raise Unverified("key_expired")
