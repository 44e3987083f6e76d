"""Webhooks to try a way with: nothing follows from them, and hardly a rewriter leaves their bytes alone."""

import hashlib
import json
from dataclasses import dataclass
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

OTHER = {"sandbox": "production", "production": "sandbox"}
"""Plaid's environments, and to each the one that it is not."""

BODY = r"""{
  "webhook_type": "ITEM",
  "webhook_code": "WEBHOOK_UPDATE_ACKNOWLEDGED",
  "environment": "ENVIRONMENT",
  "item_id": "webhook_ingest-check",
  "error": null,
  "sample": {
    "escaped": "caf\u00e9 \/ \u003c\u0026\u003e",
    "plain": "café / <&>",
    "numbers": [1.10, 1e2, 12345678901234567890.0],
    "empty": {},
    "a": "keys in no order"
  }
}"""
"""In Plaid's layout, two spaces and no last line break; each detail is one that some proxy would change."""


def body(environment: str) -> bytes:
    """Return the webhook of an environment: an acknowledgement, which is known and ignored."""
    return BODY.replace("ENVIRONMENT", environment).encode()


@dataclass(frozen=True, slots=True)
class Stranger:
    """A key made on the spot: all that it signs is as Plaid's, but Plaid does not know it."""

    kid: str
    private: ec.EllipticCurvePrivateKey

    def sign(self, content: bytes, now: float) -> str:
        """Return what `Plaid-Verification` would hold for this body at this Unix time."""
        claims = {"iat": int(now), "request_body_sha256": hashlib.sha256(content).hexdigest()}
        payload = json.dumps(claims).encode()
        return jwt.PyJWS().encode(payload, self.private, "ES256", headers={"kid": self.kid, "typ": "JWT"})


def stranger() -> Stranger:
    """Return a new key."""
    return Stranger(str(uuid4()), ec.generate_private_key(ec.SECP256R1()))
