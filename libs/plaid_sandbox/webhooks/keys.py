"""The ES256 keys that sign webhooks, and the JWT that goes with each body."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from plaid_sandbox.clock import Clock
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.identifiers import Mint

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; retired once `expired_at` is set."""

    kid: str
    private: ec.EllipticCurvePrivateKey
    created_at: datetime
    expired_at: datetime | None = None

    def sign(self, body: bytes, at: datetime) -> str:
        """Return Plaid's JWT for this body: `iat` and the body's SHA-256."""
        claims = {"iat": int(at.timestamp()), "request_body_sha256": sha256(body).hexdigest()}
        return jwt.encode(claims, self.private, algorithm="ES256", headers={"kid": self.kid})

    def fields(self) -> dict[str, object]:
        """Return Plaid's JWKPublicKey."""
        point = self.private.public_key().public_numbers()
        return {
            "alg": "ES256",
            "created_at": int(self.created_at.timestamp()),
            "crv": "P-256",
            "expired_at": int(self.expired_at.timestamp()) if self.expired_at else None,
            "kid": self.kid,
            "kty": "EC",
            "use": "sig",
            "x": _coordinate(point.x),
            "y": _coordinate(point.y),
        }


class Lifetime(NamedTuple):
    """When a key was made and when it was retired, if it was."""

    created_at: datetime
    expired_at: datetime | None


class KeyRing:
    """The current key and the retired ones. They follow from the seed, so a restart keeps them."""

    def __init__(self, mint: Mint, clock: Clock) -> None:
        self._mint = mint
        self._clock = clock
        self._keys = [self.make("webhook key 0")]

    @property
    def lifetimes(self) -> list[Lifetime]:
        """When each key came and went, oldest first; with the seed enough to make them again."""
        return [Lifetime(key.created_at, key.expired_at) for key in self._keys]

    def restore(self, lifetimes: Sequence[Lifetime]) -> None:
        """Put the keys of an earlier run on the ring instead."""
        self._keys = [
            replace(self.make(f"webhook key {number}"), created_at=lifetime.created_at, expired_at=lifetime.expired_at)
            for number, lifetime in enumerate(lifetimes)
        ]

    @property
    def current(self) -> SigningKey:
        """The key that signs now."""
        return self._keys[-1]

    def make(self, words: str) -> SigningKey:
        """Return a key that is not on the ring; what it signs cannot be verified."""
        secret = int(sha256(self._mint.identifier("key", words).encode()).hexdigest(), 16) % (_P256_ORDER - 1) + 1
        return SigningKey(
            self._mint.uuid("kid", words), ec.derive_private_key(secret, ec.SECP256R1()), self._clock.wall()
        )

    def rotate(self) -> SigningKey:
        """Retire the current key and return its successor."""
        self._keys[-1] = replace(self.current, expired_at=self._clock.wall())
        self._keys.append(self.make(f"webhook key {len(self._keys)}"))
        return self.current

    def find(self, kid: str) -> SigningKey:
        """Return the key of this id, retired or not, or raise INVALID_WEBHOOK_VERIFICATION_KEY_ID."""
        for key in self._keys:
            if key.kid == kid:
                return key
        raise PlaidError("INVALID_WEBHOOK_VERIFICATION_KEY_ID")


def _coordinate(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()
