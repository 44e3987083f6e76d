"""What a user's whole life with a bank leaves behind: every answer, every message, every column, every log line."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import httpx2
from cryptography.fernet import Fernet
from sqlalchemy import text

from common.broker.topology import EXCHANGE
from common.tables import metadata
from tests.e2e.sites import Site
from tests.link_api.world import Link

Json = dict[str, Any]
PATIENCE = 60.0
TO_ITS_OWNER = {"/api/plaid/create_link_token", "/api/plaid/resume_link"}
"""Whose answers are link tokens: they open Link for the user who asked."""
READ = (
    "/api/plaid/integrations?include=disconnected", "/api/plaid/accounts?include=inactive", "/api/transactions",
    "/api/expenses", "/api/expenses.csv", "/api/expenses/summary", "/api/notifications?include=cleared",
    "/api/categories", "/api/feedback", "/api/reports/schedule-c?year=2026", "/openapi.json", "/", "/oauth-return",
)  # fmt: skip
SEALED = text("SELECT access_token FROM plaid_integrations WHERE access_token IS NOT NULL ORDER BY id")


@dataclass
class Traces:
    """All that could be read by somebody, and what must not be in it."""

    site: Site
    user_id: int
    answers: list[tuple[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    link_tokens: set[str] = field(default_factory=set)

    async def hear(self, answer: httpx2.Response) -> None:
        """Keep an answer, its head too."""
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aread()
            self.answers.append((answer.request.url.path, f"{answer.headers.multi_items()} {answer.text}"))

    async def database(self) -> str:
        """Return every column of every table."""
        found = []
        async with self.site.witness.database.transaction() as session:
            for table in metadata.sorted_tables:
                rows = await session.execute(text(f"SELECT to_jsonb(t)::text FROM {table.name} t"))
                found += [str(row) for row in rows.scalars()]
        return "\n".join(found)

    async def found(self) -> dict[str, list[str]]:
        """Return where something was told that nobody may be told; the secrets' first letters only."""
        told = {"logs": self.site.running.logs(), "messages": "\n".join(self.messages)}
        told["database"] = await self.database()
        told |= {f"answer {number} {path}": answer for number, (path, answer) in enumerate(self.answers)}
        own = {name for name in told if name.rpartition(" ")[2] in TO_ITS_OWNER}
        kept = {name: self.secrets if name in own else self.secrets | self.link_tokens for name in told}
        leaks = {name: [word[:14] for word in kept[name] if _is_in(word, said)] for name, said in told.items()}
        return {name: words for name, words in leaks.items() if words}


def _is_in(word: str, said: str) -> bool:
    return word in said or word.encode().hex() in said


@asynccontextmanager
async def messages(amqp_url: str, into: list[str]) -> AsyncIterator[None]:
    """Keep every message that the services send each other during the block."""

    async def keep(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        into.append(f"{message.info()} {message.body.decode()}")

    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EXCHANGE, "#")
        await queue.consume(keep, no_ack=True)
        yield


@dataclass(frozen=True)
class Life:
    """A user's life with one bank, from the link to the end."""

    traces: Traces
    api: httpx2.AsyncClient
    plaid: httpx2.AsyncClient

    async def run(self) -> None:
        """Link, sync, ring, break, repair, disconnect; read everything at each point."""
        link = Link(self.plaid)
        public_token = await link.succeed(await self.link_token())
        self.traces.secrets.add(public_token)
        integration = await self.post("exchange_public_token", public_token=public_token)
        path = f"integrations/{integration['id']}"
        await self.until(path, lambda now: now["history_complete"] and not now["syncing"])
        await self.read()
        access_token = await self.opened()
        await self.post(f"{path}/sync")
        [*_, item_id] = await self.traces.site.witness.items()
        await self.traces.site.bank.add(item_id)
        credentials = {"client_id": "client", "secret": "the-plaid-secret", "access_token": access_token}
        broken = await self.plaid.post("/sandbox/item/reset_login", json=credentials)
        assert broken.status_code == httpx2.codes.OK, broken.text
        await self.until(path, lambda now: now["status"] == "login_required")
        await self.read()
        await link.succeed(await self.link_token(integration_id=integration["id"]))
        await self.post(f"{path}/repaired")
        await self.until(path, lambda now: now["status"] == "active" and now["last_error"] is None)
        refused = await self.api.post("/api/plaid/exchange_public_token", json={"public_token": public_token})
        assert refused.status_code < httpx2.codes.INTERNAL_SERVER_ERROR
        await self.api.delete(f"/api/plaid/{path}")
        await self.until(path, lambda now: now["status"] == "disconnected")
        await self.read()

    async def link_token(self, **body: object) -> str:
        """Return a fresh link token, which is remembered."""
        token = str((await self.post("create_link_token", **body))["link_token"])
        self.traces.link_tokens.add(token)
        return token

    async def post(self, path: str, **body: object) -> Json:
        """POST under a key, so that the answer is kept, and return it."""
        key = re.sub(r"\W", "-", f"{path}-{len(self.traces.answers)}")
        answer = await self.api.post(f"/api/plaid/{path}", json=body, headers={"Idempotency-Key": key})
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def until(self, path: str, there: Callable[[Json], bool]) -> None:
        """Wait until the integration is so."""
        async with asyncio.timeout(PATIENCE):
            while not there((await self.api.get(f"/api/plaid/{path}")).json()):  # noqa: ASYNC110 - as a browser polls
                await asyncio.sleep(0.1)

    async def read(self) -> None:
        """Read all that a user can."""
        for path in READ:
            assert (await self.api.get(path)).is_success, path

    async def opened(self) -> str:
        """Return this bank's access token, and remember every bank's."""
        key = Fernet(self.traces.site.running.by_name["link_api"].environment["PLAID_ENCRYPTION_KEY"])
        async with self.traces.site.witness.database.transaction() as session:
            sealed = list((await session.execute(SEALED)).scalars())
        tokens = [key.decrypt(one.encode()).decode() for one in sealed]
        self.traces.secrets.update(tokens)
        return tokens[-1]


async def traces_of_a_life(site: Site, user_id: int) -> Traces:
    """Let a new user live with a bank, and return all that is left."""
    traces = Traces(site, user_id)
    system = site.running.system
    environment = site.running.by_name["link_api"].environment
    token = system.token(user_id)
    traces.secrets |= {
        token,
        *(environment[name] for name in ("AUTH_JWT_SECRET", "PLAID_ENCRYPTION_KEY", "PLAID_SECRET")),
    }
    async with (
        messages(environment["AMQP_URL"], traces.messages),
        httpx2.AsyncClient(
            base_url=system.api_url,
            timeout=PATIENCE,
            headers={"Authorization": f"Bearer {token}"},
            event_hooks={"response": [traces.hear]},
        ) as api,
        httpx2.AsyncClient(base_url=system.sandbox_url, timeout=PATIENCE) as plaid,
    ):
        await Life(traces, api, plaid).run()
        for name in ("link_api", "webhook_ingest", "sync_worker", "categorizer"):
            port = site.running.by_name[name].port
            await traces.hear(await plaid.get(f"http://127.0.0.1:{port}/metrics"))
    return traces
