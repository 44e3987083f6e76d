"""Builds sync_worker: the only place that knows every part of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing

from common import web
from common.broker import Broker, Consumer, topology
from common.broker.topology import Queue
from common.budget.postgres import PostgresBudget
from common.consumer import Handlers, dispatch
from common.outage import Outage, outlasting
from common.plaid import Credentials, PlaidClient
from common.runtime import GRACE, Infrastructure, Service
from common.sealing import Vault
from sync_worker.audit import Audit
from sync_worker.gauges import Gauges
from sync_worker.handlers import Doorbells, interactive, sweeps
from sync_worker.login import LoginCheck
from sync_worker.removal import Removal
from sync_worker.settings import Settings
from sync_worker.sweep import Sweep
from sync_worker.sync import Sync


@asynccontextmanager
async def build(settings: Settings, infrastructure: Infrastructure) -> AsyncIterator[Service]:
    """Yield the running service; on the way out it takes no more messages and finishes those in hand."""
    database, broker = infrastructure.database, infrastructure.broker
    credentials = Credentials(settings.plaid_client_id, settings.plaid_secret, settings.plaid_host)
    plaid = PlaidClient(credentials, PostgresBudget(database, settings.rate_limits))
    vault = Vault(settings.plaid_encryption_key)
    sync = Sync(database, plaid, vault, settings.sync_max_silence)
    login = LoginCheck(database, plaid, vault)
    removal = Removal(database, plaid, vault)
    people = Doorbells(database, sync, login, settings.sync_slots)
    clock = Doorbells(database, sync, login, settings.sweep_slots)
    gauges = Gauges(database, broker, settings.rate_limits, settings.sync_max_silence)
    outage = Outage(database.ping)
    queues = {
        topology.SYNC: (outlasting(interactive(people, removal), outage), settings.sync_prefetch),
        topology.SWEEP: (outlasting(sweeps(clock, Audit(database, plaid, vault)), outage), settings.sweep_prefetch),
    }
    with closing(plaid):
        async with _consuming(broker, queues):
            yield Service(app=web.probes([database.ping]), loops=[Sweep(database).run, gauges.run])


@asynccontextmanager
async def _consuming(broker: Broker, queues: Mapping[Queue, tuple[Handlers, int]]) -> AsyncIterator[None]:
    """Consume the queues, each with its handlers and prefetch; after the block stop all at once, in one grace."""
    consumers: list[Consumer] = []
    try:
        for queue, (handlers, prefetch) in queues.items():
            consumers.append(await broker.consume(queue, dispatch(handlers), prefetch=prefetch))
        yield
    finally:
        await asyncio.gather(*(consumer.stop(GRACE) for consumer in consumers))
