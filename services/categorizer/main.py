"""Builds categorizer: the only place that knows every part of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from categorizer import data, learning
from categorizer.estimates import Estimates
from categorizer.handlers import handlers
from categorizer.naming import Naming
from categorizer.settings import Settings, thresholds
from categorizer.sweep import Sweep
from common import web
from common.broker import topology
from common.consumer import dispatch
from common.outage import Outage, outlasting
from common.runtime import GRACE, Infrastructure, Service


@asynccontextmanager
async def build(settings: Settings, infrastructure: Infrastructure) -> AsyncIterator[Service]:
    """Yield the running service; on the way out it takes no more messages and finishes those in hand."""
    database, broker = infrastructure.database, infrastructure.broker
    pipeline = data.pipeline(thresholds(settings), settings.categorizer_model)
    estimates = Estimates(database, pipeline.catalogue, pipeline.reliability)
    outage, prefetch = Outage(database.ping), settings.categorizer_prefetch
    deciding = dispatch(outlasting(handlers(database, pipeline), outage))
    hearing = dispatch(outlasting(learning.handlers(database), outage))
    consumers = [
        await broker.consume(topology.CATEGORIZE, deciding, prefetch=prefetch),
        await broker.consume(topology.LEARN, hearing, prefetch=1),
    ]
    try:
        loops = [Sweep(database).run, Naming(database, pipeline.judge).run, estimates.run]
        yield Service(app=web.probes([database.ping]), loops=loops)
    finally:
        await asyncio.gather(*(consumer.stop(GRACE) for consumer in consumers))
