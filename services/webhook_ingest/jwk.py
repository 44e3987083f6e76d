"""A verification key as /webhook_verification_key/get answers it (a JSON Web Key, RFC 7517)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from webhook_ingest.domain.refusal import KeyUnavailable

log = structlog.get_logger(__name__)


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
    """Return the key that Plaid's answer holds, or raise KeyUnavailable when it is not the one asked for."""
    try:
        jwk = _Jwk.model_validate(answer.get("key"))
        public = jwt.PyJWK(jwk.model_dump())
        if jwk.kid != key_id:
            raise jwt.InvalidKeyError("another key")
    except (ValidationError, jwt.PyJWTError) as error:
        log.warning("keys.unusable", error=type(error).__name__)
        raise KeyUnavailable("Plaid's answer holds no key that we can use") from None
    return Key(public, jwk.expired_at, now)
