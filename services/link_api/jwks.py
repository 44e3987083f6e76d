"""The host application's public keys, a JSON Web Key Set (RFC 7517) behind one address.

One fetch at a time, and none within SPACING seconds of the last, whatever key ids strangers invent. What was fetched
goes on while the address is away; it is fetched again every few minutes, so that a key that is withdrawn signs nobody
in for long.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Literal

import jwt
import structlog
import urllib3
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.web import Problem

log = structlog.get_logger(__name__)

FETCHES = Counter("auth_key_fetches_total", "Fetches of the host application's keys by outcome", ["outcome"])

SPACING = 15.0
EVERY = 300.0
PATIENCE = 5.0
"""Seconds: between two fetches at least, on average while all is well, and for one fetch with all who wait for it."""
LARGEST = 256 * 1024
"""Bytes of a set."""
SMALLEST_RSA = 2048
"""Bits (RFC 7518, section 3.3)."""

Fetch = Callable[[], Awaitable[bytes]]
"""Returns the set as it came, or raises whatever went wrong."""


class UnknownKey(Exception):
    """The set, fetched just now, has no such key."""


class _Key(BaseModel):
    """What of a key is public, and says how it may be used."""

    model_config = ConfigDict(extra="ignore")

    kid: str = Field(min_length=1)
    kty: Literal["RSA", "EC"]
    alg: Literal["RS256", "ES256"] | None = None
    use: Literal["sig"] | None = None
    n: str | None = None
    e: str | None = None
    crv: Literal["P-256"] | None = None
    x: str | None = None
    y: str | None = None


class _Set(BaseModel):
    keys: list[dict[str, object]]


class KeySet:
    """Public keys by id, for RS256 and ES256."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._in_flight: asyncio.Task[None] | None = None

    async def get(self, key_id: str | None) -> jwt.PyJWK:
        """Return the key, or raise UnknownKey; a retryable 503 Problem while nobody can tell whether there is one."""
        if key_id is None:
            raise UnknownKey
        if key_id not in self._keys:
            await self._refresh()
        if key := self._keys.get(key_id):
            return key
        if self._clock() - self._fetched_at < SPACING:
            raise UnknownKey
        wait = max(1, ceil(self._tried_at + SPACING - self._clock()))
        detail = "The keys that sign users in cannot be had right now; try again in a moment."
        headers = {"Retry-After": str(wait)}
        raise Problem(503, detail, code="auth_keys_unavailable", retryable=True, headers=headers)

    async def run(self) -> None:
        """Fetch the set now and again, sooner while it cannot be had, until cancelled."""
        while True:
            await self._refresh()
            await asyncio.sleep(EVERY if self._fetched_at >= self._tried_at else SPACING)

    async def _refresh(self) -> None:
        """Return once the fetch under way, or a new one if it is time, has come to an end, well or not."""
        if self._in_flight is None:
            if self._clock() - self._tried_at < SPACING:
                return
            self._tried_at = self._clock()
            self._in_flight = asyncio.create_task(self._fetch(), name="fetch the key set")
        await asyncio.wait({self._in_flight})

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                self._keys = read(await self._ask())
        except Exception as error:  # noqa: BLE001 - whatever is wrong, what we have goes on
            FETCHES.labels("failed").inc()
            log.warning("auth_keys.unavailable", error=type(error).__name__, known=len(self._keys))
        else:
            FETCHES.labels("ok").inc()
            self._fetched_at = self._clock()
        finally:
            self._in_flight = None


def read(body: bytes) -> dict[str, jwt.PyJWK]:
    """Return the keys of a set that can verify RS256 or ES256, or raise ValidationError; others are passed over."""
    found = {}
    for entry in _Set.model_validate_json(body).keys:
        try:
            key = _Key.model_validate(entry)
            algorithm = "RS256" if key.kty == "RSA" else "ES256"
            public = jwt.PyJWK(key.model_dump(exclude_none=True), algorithm)
        except (ValidationError, jwt.PyJWTError):
            continue
        is_short = key.kty == "RSA" and public.key.key_size < SMALLEST_RSA
        if key.alg in {None, algorithm} and not is_short:
            found[key.kid] = public
    return found


def over_http(url: str) -> Fetch:
    """Return a fetch of the set at this address: no redirect, at most LARGEST bytes."""
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=PATIENCE))

    def get() -> bytes:
        with pool.request("GET", url, redirect=False, preload_content=False) as response:
            body = response.read(LARGEST + 1)
            if response.status != 200:  # noqa: PLR2004 - OK
                raise ValueError(f"status {response.status}")
            if len(body) > LARGEST:
                raise ValueError("too large")
            return bytes(body)

    async def fetch() -> bytes:
        return await asyncio.to_thread(get)

    return fetch
