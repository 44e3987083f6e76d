"""A clock to set, a signer like Plaid, and its key endpoint."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from common.plaid.errors import Details, classify, unreachable

NOW = 1_790_000_000.0
PATH = "/api/plaid/webhook"


class Clock:
    """Says what it was told, until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Signer:
    """Signs bodies as Plaid does."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self.kid = str(uuid4())
        self.private = ec.generate_private_key(curve or ec.SECP256R1())

    def jwk(self, **changes: object) -> dict[str, Any]:
        """Return the public key as /webhook_verification_key/get answers it."""
        numbers = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {
            "alg": "ES256",
            "crv": "P-256",
            "kid": self.kid,
            "kty": "EC",
            "use": "sig",
            "x": numbers["x"],
            "y": numbers["y"],
            "created_at": int(NOW) - 86_400,
            "expired_at": None,
        } | changes

    def sign(self, body: bytes, *, iat: object = int(NOW), header: Mapping[str, Any] | None = None) -> str:
        """Return the Plaid-Verification header for a body."""
        claims = {"iat": iat, "request_body_sha256": hashlib.sha256(body).hexdigest()}
        return self.sign_claims(json.dumps(claims).encode(), header=header)

    def sign_claims(self, claims: bytes, *, header: Mapping[str, Any] | None = None) -> str:
        """Return a JWT over any claims at all."""
        return jwt.PyJWS().encode(claims, self.private, "ES256", headers={"kid": self.kid} | dict(header or {}))


def webhook(**changes: object) -> bytes:
    """Return a body in Plaid's layout (two spaces)."""
    payload = {
        "environment": "sandbox",
        "historical_update_complete": True,
        "initial_update_complete": True,
        "item_id": "wz666MBjYWTp2PDzzggYhM6oWWmBb",
        "webhook_code": "SYNC_UPDATES_AVAILABLE",
        "webhook_type": "TRANSACTIONS",
    } | changes
    return json.dumps(payload, indent=2).encode()


def signed(signer: Signer, body: bytes) -> dict[str, str]:
    """Return the headers of a genuine webhook."""
    return {"Plaid-Verification": signer.sign(body), "Content-Type": "application/json"}


class KeyEndpoint:
    """Plaid's /webhook_verification_key/get: knows some keys, counts its calls, can be down or slow."""

    def __init__(self, *signers: Signer) -> None:
        self.keys: dict[str, dict[str, Any]] = {signer.kid: signer.jwk() for signer in signers}
        self.calls: list[str] = []
        self.down = False
        self.answering = asyncio.Event()
        self.answering.set()

    async def get(self, key_id: str) -> dict[str, Any]:
        self.calls.append(key_id)
        await self.answering.wait()
        if self.down:
            raise unreachable("ConnectionRefusedError")
        if key_id not in self.keys:
            code = "INVALID_WEBHOOK_VERIFICATION_KEY_ID"
            raise classify(Details(400, "INVALID_INPUT", code, "no such key"))
        return {"key": self.keys[key_id], "request_id": "m8MDnv9okwxFNBV"}
