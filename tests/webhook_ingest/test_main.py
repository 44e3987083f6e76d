"""The whole service: served over HTTP, asking a stand-in of Plaid for its keys, with real servers behind it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, get_args

import httpx2
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from common.broker import Broker
from common.broker.memory import MemoryBroker
from common.broker.topology import SYNC
from common.database import Database
from common.events import WebhookReceived
from common.outbox import Outbox
from common.runtime import Infrastructure, running, serving
from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings as SandboxSettings
from plaid_sandbox.webhooks.faults import Faults, Forgery
from tests.common.broker.site import Mailbox, eventually
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.doubles import PATH
from webhook_ingest.main import build
from webhook_ingest.settings import Settings

NOWHERE = "http://127.0.0.1:1"


def settings(plaid_url: str = NOWHERE, **changes: object) -> Settings:
    values: dict[str, Any] = {
        "database_url": "postgresql://unused",
        "amqp_url": "amqp://unused",
        "plaid_client_id": "client",
        "plaid_secret": "secret",
        "plaid_env": "sandbox",
        "plaid_base_url": plaid_url,
    }
    return Settings(**(values | changes))


@dataclass
class Plaid:
    """The stand-in, and one item whose webhooks go to `webhook_url`."""

    app: Starlette
    client: httpx2.AsyncClient

    async def item(self, webhook_url: str) -> str:
        """Link a bank; return its access token."""
        request = {
            "institution_id": "ins_109508",
            "initial_products": ["transactions"],
            "options": {"webhook": webhook_url},
        }
        public_token = (await self.call("/sandbox/public_token/create", request))["public_token"]
        token = await self.call("/item/public_token/exchange", {"public_token": public_token})
        return str(token["access_token"])

    async def fire(self, access_token: str, code: str = "SYNC_UPDATES_AVAILABLE") -> None:
        await self.call("/sandbox/item/fire_webhook", {"access_token": access_token, "webhook_code": code})

    async def call(self, path: str, request: Mapping[str, object]) -> dict[str, Any]:
        answer = await self.client.post(path, json=request)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    async def statuses(self, count: int) -> list[int | None]:
        """Return how the first `count` deliveries were answered."""

        async def delivered() -> bool:
            return len(self.app.state.sandbox.courier.deliveries) >= count

        await eventually(delivered)
        return [delivery.status for delivery in self.app.state.sandbox.courier.deliveries]


@pytest.fixture
async def plaid() -> AsyncIterator[Plaid]:
    app = create_app(SandboxSettings(retry_scale=0.001))
    headers = {"PLAID-CLIENT-ID": "client", "PLAID-SECRET": "secret"}
    async with (
        serving(app, "127.0.0.1", 0) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client,
    ):
        yield Plaid(app, client)


@asynccontextmanager
async def ingest(
    broker: Broker, database: Database, plaid_url: object = NOWHERE, *, broker_first: bool = True
) -> AsyncIterator[str]:
    """Serve webhook_ingest; yield its address."""
    infrastructure = Infrastructure(database, broker, Outbox(database, broker))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            build(settings(str(plaid_url)), infrastructure, broker_first=broker_first)
        )
        await stack.enter_async_context(running([*service.loops, infrastructure.outbox.run]))
        port = await stack.enter_async_context(serving(service.app, "127.0.0.1", 0))
        yield f"http://127.0.0.1:{port}"


async def test_plaids_own_webhooks(plaid: Plaid, broker: FaultyBroker, no_database: Database) -> None:
    """A webhook that the stand-in signed is verified with the key that it hands out, and published."""
    async with ingest(broker, no_database, plaid.client.base_url) as url:
        await plaid.fire(await plaid.item(url + PATH))
        assert set(await plaid.statuses(1)) == {200}  # those for /transactions/get come beside it

    [message] = broker.published
    assert WebhookReceived.model_validate_json(message.body).webhook_code == "SYNC_UPDATES_AVAILABLE"


async def test_plaid_rotates_its_key(plaid: Plaid, broker: FaultyBroker, no_database: Database) -> None:
    """No genuine webhook is refused while Plaid changes its key."""
    async with ingest(broker, no_database, plaid.client.base_url) as url:
        item = await plaid.item(url + PATH)
        await plaid.fire(item)
        assert set(await plaid.statuses(1)) == {200}
        plaid.app.state.sandbox.keys.rotate()
        await plaid.fire(item)
        assert set(await plaid.statuses(2)) == {200}


async def test_forgeries(plaid: Plaid, broker: FaultyBroker, no_database: Database) -> None:
    """Every forgery that the stand-in knows is answered 401; only the genuine webhook beside them has an effect."""
    async with ingest(broker, no_database, plaid.client.base_url) as url:
        item = await plaid.item(url + PATH)
        forgeries = get_args(Forgery)
        plaid.app.state.sandbox.courier.faults = Faults(forge=forgeries)
        await plaid.fire(item)
        assert sorted(map(str, await plaid.statuses(1 + len(forgeries)))) == ["200"] + ["401"] * len(forgeries)

    assert len(broker.published) == 1


async def test_no_broker_and_no_database(plaid: Plaid, broker: FaultyBroker, no_database: Database) -> None:
    """With both down Plaid is told to come again, and comes; when one is back the webhook counts once."""
    broker.down = True
    async with ingest(broker, no_database, plaid.client.base_url) as url:
        await plaid.fire(await plaid.item(url + PATH))
        assert await plaid.statuses(1) == [503]
        broker.down = False
        *earlier, last = await plaid.statuses(2)
        assert (set(earlier), last) == ({503}, 200)

    assert len(broker.published) == 1


async def test_in_process(plaid: Plaid, database: Database) -> None:
    """In one process with the in-process broker a webhook is answered before its handlers have run, and they do run."""
    broker, mailbox = MemoryBroker(), Mailbox()
    async with ingest(broker, database, plaid.client.base_url, broker_first=False) as url:
        await plaid.fire(await plaid.item(url + PATH))
        assert await plaid.statuses(1) == [200]
        consumer = await broker.consume(SYNC, mailbox, prefetch=1)
        assert (await mailbox.next()).type == "item.webhook_received"
        await consumer.stop(1)
    await broker.close()


async def test_probes(broker: FaultyBroker, no_database: Database) -> None:
    """Alive without anything; ready with the broker alone; metrics for Prometheus and a page for people."""
    async with ingest(broker, no_database) as url, httpx2.AsyncClient(base_url=url, timeout=60) as client:
        assert (await client.get("/readyz")).status_code == 200
        broker.down = True
        assert (await client.get("/readyz")).status_code == 503
        alive = await client.get("/healthz")
        assert (alive.status_code, "X-Correlation-ID" in alive.headers) == (200, True)
        assert "webhook_answer_seconds_bucket" in (await client.get("/metrics")).text
        assert (await client.get("/docs")).status_code == 200
        assert PATH in (await client.get("/openapi.json")).json()["paths"]


@pytest.mark.parametrize(("secret", "lines"), [("a-secret-plaid-never-had", 1), ("", 0), (None, 0)])
async def test_the_unused_secret(broker: FaultyBroker, no_database: Database, secret: str | None, lines: int) -> None:
    """PLAID_WEBHOOK_SECRET is accepted and reported once as unused, without its value."""
    infrastructure = Infrastructure(no_database, broker, Outbox(no_database, broker))
    with capture_logs() as logs:
        async with build(settings(plaid_webhook_secret=secret), infrastructure):
            pass

    reports = [line for line in logs if line["event"] == "setting.unused"]
    assert len(reports) == lines
    assert "a-secret-plaid-never-had" not in repr(logs)
