"""A verification key as /webhook_verification_key/get answers it (a JSON Web Key, RFC 7517)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError


class Unusable(Exception):
    """Plaid's answer holds another key than the one asked for, or none that signs webhooks."""


class _Jwk(BaseModel):
    model_config = ConfigDict(extra="ignore")

    alg: Literal["ES256"]
    kty: Literal["EC"]
    crv: Literal["P-256"]
    use: Literal["sig"]
    kid: str
    x: str
    y: str
    expired_at: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A verification key; signatures made after `expired_at` (Unix time, whole seconds) are none."""

    public: jwt.PyJWK
    expired_at: int | None
    fetched_at: float


def read(answer: Mapping[str, Any], key_id: str, now: float) -> Key:
    """Return the key that Plaid's answer holds, or raise Unusable when it is not the one asked for."""
    try:
        jwk = _Jwk.model_validate(answer.get("key"))
        public = jwt.PyJWK(jwk.model_dump())
    except (ValidationError, jwt.PyJWTError) as error:
        raise Unusable from error
    if jwk.kid != key_id:
        raise Unusable
    return Key(public, jwk.expired_at, now)
