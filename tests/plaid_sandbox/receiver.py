"""A receiver of webhooks that verifies them as Plaid tells its clients to, and answers what the test wants."""

import asyncio
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.webhooks.keys import KeyRing
from tests.plaid_sandbox.running import eventually, serving

_OLDEST = 300


@dataclass(frozen=True)
class Received:
    """One request that came in."""

    body: bytes
    signature: str | None

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON in it."""
        payload: dict[str, Any] = json.loads(self.body)
        return payload

    @property
    def code(self) -> str:
        """Its webhook_code."""
        return str(self.payload["webhook_code"])

    def is_genuine(self, keys: KeyRing, now: float) -> bool:
        """Verify by the published steps: algorithm, key, signature, age, hash of the raw body."""
        try:
            header = jwt.get_unverified_header(self.signature or "")
            if header["alg"] != "ES256":
                return False
            key = jwt.PyJWK({**keys.find(header["kid"]).fields()})
            claims = jwt.decode(self.signature or "", key, algorithms=["ES256"])
        except Exception:  # noqa: BLE001 - whatever fails, the webhook is not genuine
            return False
        body_hash = sha256(self.body).hexdigest()
        return 0 <= now - claims["iat"] <= _OLDEST and hmac.compare_digest(body_hash, claims["request_body_sha256"])


@dataclass
class Receiver:
    """`answers` are used up first in, first out; without one it is 200 at once."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: deque[Response] = field(default_factory=deque)
    stalled: asyncio.Event | None = None

    @property
    def codes(self) -> list[str]:
        """The codes that came, in order."""
        return [one.code for one in self.received]

    def of(self, code: str) -> list[dict[str, Any]]:
        """Return the payloads of this code, in order."""
        return [one.payload for one in self.received if one.code == code]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds."""

        async def holds() -> bool:
            return condition()

        await eventually(holds)

    async def take(self, request: Request) -> Response:
        """Keep what came and answer."""
        self.received.append(Received(await request.body(), request.headers.get("Plaid-Verification")))
        if self.stalled:
            await self.stalled.wait()
        return self.answers.popleft() if self.answers else Response()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()
    async with serving(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])) as url:
        receiver.url = f"{url}/hook"
        yield receiver
