"""The host application's own keys, and the address at which it shows them."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.runtime import serving

HOST = "127.0.0.1"
Json = dict[str, Any]
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """A private key and its id."""

    kid: str
    private: Private

    @classmethod
    def rsa(cls, kid: str, bits: int = 2048) -> "Signer":
        """Return a fresh RSA key."""
        return cls(kid, rsa.generate_private_key(65537, bits))

    @classmethod
    def ec(cls, kid: str, curve: ec.EllipticCurve | None = None) -> "Signer":
        """Return a fresh key on P-256, or the curve."""
        return cls(kid, ec.generate_private_key(curve or ec.SECP256R1()))

    @property
    def algorithm(self) -> str:
        """RS256 or ES256."""
        return "RS256" if isinstance(self.private, rsa.RSAPrivateKey) else "ES256"

    @property
    def pem(self) -> bytes:
        """The public key, as text."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def jwk(self, **more: object) -> Json:
        """Return the public key as its set shows it."""
        public = self.private.public_key()
        shown = RSAAlgorithm.to_jwk(public) if isinstance(public, rsa.RSAPublicKey) else ECAlgorithm.to_jwk(public)
        return {**json.loads(shown), "kid": self.kid, "use": "sig", "alg": self.algorithm} | more

    def token(
        self, user_id: object = 1, *, kid: str | None = None, algorithm: str | None = None, **more: object
    ) -> str:
        """Return a token of this user; a claim of None is left out."""
        standard: Json = {"sub": str(user_id), "exp": datetime.now(UTC) + timedelta(hours=1)}
        claims = {name: value for name, value in (standard | more).items() if value is not None}
        return jwt.encode(claims, self.private, algorithm or self.algorithm, headers={"kid": kid or self.kid})

    def bearer(self, user_id: object = 1, **more: Any) -> dict[str, str]:
        """Return the header that signs the user in."""
        return {"Authorization": f"Bearer {self.token(user_id, **more)}"}


@dataclass
class Identity:
    """What the address answers, and how often it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b'{"keys": []}'
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def show(self, keys: Iterable[Json]) -> None:
        """Show these keys from now on."""
        self.body = json.dumps({"keys": list(keys)}).encode()

    async def answer(self, _request: Request) -> Response:
        """Answer as told."""
        self.asked += 1
        return Response(self.body, self.status, self.headers)


@asynccontextmanager
async def identity(*signers: Signer) -> AsyncIterator[Identity]:
    """Serve the keys of these signers."""
    provider = Identity()
    provider.show(signer.jwk() for signer in signers)
    routes = [Route("/keys", provider.answer), Route("/elsewhere", provider.answer)]
    async with serving(Starlette(routes=routes), HOST, 0) as port:
        provider.url = f"http://{HOST}:{port}/keys"
        yield provider
