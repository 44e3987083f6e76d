"""The built service: queues in, laws out, drained at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from common import outbox
from common.broker import BrokerUnavailable, Handler, topology
from common.broker.memory import MemoryBroker, MemoryConsumer
from common.broker.topology import Queue
from common.events import RemovalRequested, SyncRequested, WebhookReceived
from common.outbox import Outbox
from common.runtime import Infrastructure, running
from common.sealing import Vault
from sync_worker.main import build
from sync_worker.settings import Settings
from tests.sync_worker.world import Linked, World, until

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def settings(world: World, **changes: Any) -> Settings:
    """Return settings that need no environment."""
    values: dict[str, Any] = {
        "database_url": "postgresql://unused/",
        "amqp_url": "amqp://unused/",
        "plaid_client_id": "client",
        "plaid_secret": "secret",
        "plaid_env": "sandbox",
        "plaid_base_url": world.bank.url,
        "plaid_encryption_key": KEY,
    }
    return Settings(_env_file=None, **(values | changes))


@asynccontextmanager
async def served(world: World, broker: MemoryBroker) -> AsyncIterator[Infrastructure]:
    """Run the service over this broker; yield what it stands on."""
    database = world.worker.database
    parts = Infrastructure(database, broker, Outbox(database, broker))
    async with build(settings(world), parts) as service, running(service.loops):
        yield parts
    await parts.outbox.settle()


async def emit(world: World, event: Any) -> None:
    """Send an event as another service does."""
    async with world.worker.database.transaction() as session:
        await outbox.emit(session, event)


async def linked(world: World) -> Linked:
    """Link a bank, its token sealed with the service's key."""
    item = await world.link()
    sealed = Vault([SecretStr(KEY)]).seal(SecretStr(item.access_token)).ciphertext
    await world.rows("UPDATE plaid_integrations SET access_token = :t WHERE id = :id", t=sealed, id=item.id)
    return item


async def settled(world: World, item: Linked, seq: int) -> None:
    """Wait until so many bells are answered."""

    async def answered() -> bool:
        row = await world.integration(item)
        return bool(row["processed_seq"] >= seq and row["lease_token"] is None)

    await until(answered)


async def test_events_in_truth_out(world: World) -> None:
    """A link, a webhook, a sweep and a removal, each by its queue."""
    item = await linked(world)
    async with served(world, MemoryBroker([topology.SYNC, topology.SWEEP])):
        await emit(world, SyncRequested(integration_id=item.id, trigger="linked", requested_at=datetime.now(UTC)))
        await settled(world, item, 1)
        assert await world.differences(item) == {}

        await world.bank.add(item.item_id, amount=1)
        webhook = {"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE"}
        await emit(world, WebhookReceived(item_id=item.item_id, received_at=datetime.now(UTC), **webhook))
        await settled(world, item, 2)
        assert await world.differences(item) == {}

        disconnect = "UPDATE plaid_integrations SET status = 'removing', is_active = false WHERE id = :id"
        await world.rows(disconnect, id=item.id)
        await emit(world, RemovalRequested(integration_id=item.id))

        async def gone() -> bool:
            return bool((await world.integration(item))["status"] == "disconnected")

        await until(gone)


async def test_it_sweeps_by_itself(world: World) -> None:
    """What is due when the service starts is synced without anybody ringing."""
    item = await linked(world)
    await world.rows("UPDATE plaid_integrations SET next_sync_at = now()")
    async with served(world, MemoryBroker([topology.SYNC, topology.SWEEP])):
        await settled(world, item, 1)
    assert await world.differences(item) == {}


async def test_it_finishes_what_is_in_hand(world: World) -> None:
    """On the way out no message is taken any more, and the sync in hand commits."""
    item = await linked(world)
    await world.bank.fail_next(path="/transactions/sync", delay=0.5)
    async with served(world, MemoryBroker([topology.SYNC, topology.SWEEP])):
        await emit(world, SyncRequested(integration_id=item.id, trigger="linked", requested_at=datetime.now(UTC)))

        async def begun() -> bool:
            return (await world.integration(item))["lease_token"] is not None

        await until(begun)
    row = await world.integration(item)
    assert (row["processed_seq"], row["lease_token"]) == (1, None)
    assert await world.differences(item) == {}


async def test_probes_answer(world: World) -> None:
    """The process is alive, ready, and can be measured."""
    parts = Infrastructure(world.worker.database, MemoryBroker([topology.SYNC, topology.SWEEP]), None)  # type: ignore[arg-type]
    async with (
        build(settings(world), parts) as service,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(service.app), base_url="http://probe") as client,
    ):
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200
        assert "orphan_doorbells_total" in (await client.get("/metrics")).text


class HalfABroker(MemoryBroker):
    """Fails the second consumer; remembers whether the first was stopped."""

    def __init__(self) -> None:
        super().__init__([topology.SYNC, topology.SWEEP])
        self.consumers: list[MemoryConsumer] = []

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> MemoryConsumer:
        if self.consumers:
            raise BrokerUnavailable("closed")
        self.consumers.append(await super().consume(queue, handler, prefetch=prefetch))
        return self.consumers[0]


async def test_half_a_start_leaves_no_consumer(world: World) -> None:
    """When the second queue cannot be consumed, the first is let go."""
    broker = HalfABroker()
    parts = Infrastructure(world.worker.database, broker, None)  # type: ignore[arg-type]
    with pytest.raises(BrokerUnavailable):
        async with build(settings(world), parts):
            pass
    await asyncio.sleep(0)
    assert broker.consumers[0]._taking.cancelled()
