"""Builds categorizer: the only place that knows every part of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from categorizer import data
from categorizer.domain.case import Thresholds
from categorizer.handlers import handlers
from categorizer.settings import Settings
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
    pipeline = data.pipeline(Thresholds(settings.categorizer_review_below, settings.categorizer_memory_below))
    patient = outlasting(handlers(database, pipeline), Outage(database.ping))
    consumer = await broker.consume(topology.CATEGORIZE, dispatch(patient), prefetch=settings.categorizer_prefetch)
    try:
        yield Service(app=web.probes([database.ping]), loops=[Sweep(database).run])
    finally:
        await consumer.stop(GRACE)
