"""link_api alone as a process, and what its users send: requests as bytes, signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.fernet import Fernet

from bench.site import Site
from tests.e2e.processes import Process

SECRET = "the host application and we share this secret, which is long enough for every HMAC"  # noqa: S105 - a figure's
SIGNED_IN = timedelta(hours=1)


@asynccontextmanager
async def link_api(site: Site, database_url: str, amqp_url: str) -> AsyncIterator[Process]:
    """Run link_api on these servers, without limits of its own."""
    environment = {
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "AUTH_JWT_SECRET": SECRET,
        "PLAID_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "PLAID_CLIENT_ID": "client",
        "PLAID_SECRET": "secret",
        "PLAID_ENV": "sandbox",
        "API_RATE_LIMIT": "off",
    }
    async with site.process("link_api", "link_api", **environment) as process:
        yield process


def get(path: str, user_id: int) -> str:
    """Return a user's request as it goes over the wire."""
    claims = {"sub": str(user_id), "exp": datetime.now(UTC) + SIGNED_IN}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
