"""Builds sync_worker: the only place that knows every part of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common import web
from common.broker import topology
from common.consumer import dispatch
from common.plaid import Credentials, PlaidClient
from common.runtime import GRACE, Infrastructure, Service
from common.sealing import Vault
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
    plaid = PlaidClient(Credentials(settings.plaid_client_id, settings.plaid_secret, settings.plaid_host))
    vault = Vault(settings.plaid_encryption_key)
    sync = Sync(database, plaid, vault, settings.sync_max_silence)
    login = LoginCheck(database, plaid, vault)
    removal = Removal(database, plaid, vault)
    people = Doorbells(database, sync, login, settings.sync_slots)
    clock = Doorbells(database, sync, login, settings.sweep_slots)
    consumers = [
        await broker.consume(topology.SYNC, dispatch(interactive(people, removal)), prefetch=settings.sync_prefetch),
        await broker.consume(topology.SWEEP, dispatch(sweeps(clock)), prefetch=settings.sync_prefetch),
    ]
    try:
        yield Service(app=web.probes([database.ping]), loops=[Sweep(database).run])
    finally:
        for consumer in consumers:
            await consumer.stop(GRACE)
        plaid.close()
