"""A link_api that is served for real over a database of its own and a stand-in of Plaid, and users to call it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
from sqlalchemy import RowMapping, text
from starlette.applications import Starlette

from common.broker.memory import MemoryBroker
from common.database import Database
from common.events import Event
from common.outbox import Outbox, emit
from common.runtime import Infrastructure, running, serving
from link_api.main import build
from link_api.settings import Settings
from tests.link_api import promises

SECRET = "the host application and we share this secret, which is long enough for every HMAC"
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""
PLATYPUS = "ins_109508"
Json = dict[str, Any]


def bearer(user_id: object = 1, *, secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> dict[str, str]:
    """Return the header that signs a user in, as the host application makes it."""
    standard: Json = {"sub": str(user_id), "exp": datetime.now(UTC) + timedelta(hours=1)}
    payload = {name: value for name, value in (standard | claims).items() if value is not None}
    return {"Authorization": f"Bearer {jwt.encode(payload, secret, algorithm=algorithm)}"}


def settings(**changes: object) -> Settings:
    """Return settings that need no environment."""
    values: Json = {
        "database_url": "postgresql://unused/",
        "amqp_url": "amqp://unused/",
        "plaid_client_id": "client",
        "plaid_secret": "secret",
        "plaid_env": "sandbox",
        "plaid_encryption_key": KEY,
        "auth_jwt_secret": SECRET,
        "api_rate_limit": "off",
    }
    return Settings(_env_file=None, **(values | changes))


@dataclass(frozen=True, slots=True)
class Link:
    """Plaid Link's window, without the window: what the stand-in's page does for the user."""

    plaid: httpx2.AsyncClient

    async def succeed(self, link_token: str, *, institution_id: str = PLATYPUS, username: str = "user_good") -> str:
        """Sign in, choose all accounts, and return the public token."""
        await self._post("event", link_token=link_token, event_name="OPEN")
        signed_in = await self._post(
            "authenticate",
            link_token=link_token,
            institution_id=institution_id,
            username=username,
            password="pass_good",
        )
        completed = await self._post(
            "complete",
            link_token=link_token,
            auth_session=signed_in["auth_session"],
            account_ids=[account["id"] for account in signed_in["accounts"]],
        )
        return str(completed["public_token"])

    async def _post(self, step: str, **body: object) -> Json:
        answer = await self.plaid.post(f"/link/session/{step}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a test may look at."""

    api: httpx2.AsyncClient
    link: Link
    database: Database
    broker: MemoryBroker

    async def get(self, path: str, user_id: int = 1, **query: str | int | None) -> httpx2.Response:
        """GET as a user; a query value of None is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return await self.api.get(path, params=given, headers=bearer(user_id))

    async def post(self, path: str, body: object = None, user_id: int = 1) -> httpx2.Response:
        """POST JSON as a user."""
        return await self.api.post(path, json={} if body is None else body, headers=bearer(user_id))

    async def delete(self, path: str, user_id: int = 1) -> httpx2.Response:
        """DELETE as a user."""
        return await self.call("DELETE", path, user_id)

    async def call(self, method: str, path: str, user_id: int = 1) -> httpx2.Response:
        """Call without a body as a user."""
        return await self.api.request(method, path, headers=bearer(user_id))

    async def link_token(self, user_id: int = 1) -> str:
        """Return a link token of the user."""
        answer = await self.post("/api/plaid/create_link_token", user_id=user_id)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["link_token"])

    async def linked(self, user_id: int = 1, **login: str) -> Json:
        """Link a bank through the stand-in and return the integration."""
        public_token = await self.link.succeed(await self.link_token(user_id), **login)
        answer = await self.post("/api/plaid/exchange_public_token", {"public_token": public_token}, user_id)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def outage(self, **outage: object) -> None:
        """Let calls of Plaid fail, as the stand-in is told."""
        answer = await self.link.plaid.post("/sandbox_control/outages", json=outage)
        assert answer.status_code == 200, answer.text

    async def rows(self, sql: str, **values: object) -> list[RowMapping]:
        """Run a query of the test's own and return its rows."""
        async with self.database.transaction() as session:
            return list((await session.execute(text(sql), values)).mappings())

    async def change(self, sql: str, **values: object) -> None:
        """Run a statement of the test's own."""
        async with self.database.transaction() as session:
            await session.execute(text(sql), values)

    async def emitted(self, *types: str) -> list[Json]:
        """Return the bodies of emitted events that nobody has consumed, oldest first."""
        sql = "SELECT body::jsonb AS body FROM outbox WHERE type = ANY(:types) ORDER BY created_at, id"
        return [row["body"] for row in await self.rows(sql, types=list(types))]

    async def emit(self, event: Event) -> None:
        """Emit an event as another service does."""
        async with self.database.transaction() as session:
            await emit(session, event)


async def keeping_promises(answer: httpx2.Response) -> None:
    """Fail where an answer is not as /openapi.json says; a stream is looked at by those who open it."""
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        return
    request = answer.request
    found = promises.broken(request.method, str(request.url), answer.status_code, kind, await answer.aread())
    assert found is None, found


@asynccontextmanager
async def world(database_url: str, sandbox: Starlette, **changes: object) -> AsyncIterator[World]:
    """Yield a running world; `changes` are settings that differ from the usual."""
    hooks = {"response": [keeping_promises]}
    async with serving(sandbox, HOST, 0) as plaid_port:
        plaid_url = f"http://{HOST}:{plaid_port}"
        database, broker = Database(database_url, pool_size=10), MemoryBroker()
        infrastructure = Infrastructure(database, broker, Outbox(database, broker))
        try:
            async with (
                build(settings(**({"plaid_base_url": plaid_url} | changes)), infrastructure) as service,
                serving(service.app, HOST, 0) as port,
                running(service.loops),
                httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=PATIENCE, event_hooks=hooks) as api,
                httpx2.AsyncClient(base_url=plaid_url, timeout=PATIENCE) as plaid,
            ):
                yield World(api, Link(plaid), database, broker)
        finally:
            await broker.close()
            await infrastructure.outbox.settle(5)
            await database.close()
