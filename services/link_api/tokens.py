"""Reads bearer tokens: JWTs (RFC 7519) that the host application signs, with a secret that we share or its own keys."""

import asyncio
from typing import Any, Protocol

import jwt
from pydantic import SecretStr

from link_api.jwks import KeySet, UnknownKey

LEEWAY = 30
"""Seconds by which the host application's clock may differ from ours."""
LARGEST = 8 * 1024
Claims = dict[str, Any]
Key = str | jwt.PyJWK


class Keys(Protocol):
    """Says what verifies a token; the token's own header chooses among our keys, never the algorithm."""

    async def find(self, key_id: str | None) -> tuple[Key, str]:
        """Return the key and the one algorithm that goes with it, or raise UnknownKey."""

    async def run(self) -> None:
        """Keep what proves tokens up to date, until cancelled."""


class SharedSecret:
    """One secret for all tokens, HS256."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    async def find(self, _key_id: str | None) -> tuple[Key, str]:
        """Return the secret."""
        return self._secret.get_secret_value(), "HS256"

    async def run(self) -> None:
        """Do nothing: a secret changes with a restart."""
        await asyncio.Event().wait()


class PublicKeys:
    """The key that the token names, RS256 or ES256 as the key is made."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def find(self, key_id: str | None) -> tuple[Key, str]:
        """Return the key of this id, or raise UnknownKey."""
        key = await self._keys.get(key_id)
        return key, key.algorithm_name

    async def run(self) -> None:
        """Fetch the keys now and again."""
        await self._keys.run()


class Tokens:
    """Says what a token claims once it is proved."""

    def __init__(self, keys: Keys, *, audience: str | None = None, issuer: str | None = None) -> None:
        self._keys = keys
        self._audience = audience
        self._issuer = issuer

    async def read(self, token: str) -> Claims:
        """Return the claims, `exp` and `sub` among them, or raise jwt.InvalidTokenError.

        An `aud` must be the audience that was given; where none was, no `aud` is ours.
        """
        if len(token) > LARGEST:
            raise jwt.DecodeError
        try:
            key, algorithm = await self._keys.find(jwt.get_unverified_header(token).get("kid"))
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "sub"]},
            )
        except UnknownKey:
            raise jwt.InvalidTokenError from None
