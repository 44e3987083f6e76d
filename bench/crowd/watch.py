"""What is looked at while it runs: memory of each service, who uses the processors, how much work waits."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from statistics import median
from typing import NamedTuple

import aio_pika
from sqlalchemy import text

from bench import memory
from bench.crowd.processors import Processors
from bench.running import Running
from common.broker.rabbit.declaration import Names
from common.broker.topology import QUEUES
from tests.e2e.processes import SERVICES

LOOKS = 180
"""In the whole run, so that a quarter has enough of them to have a median."""
MOST_APART = 5.0
WAITING = text("""
    SELECT (SELECT count(*) FROM plaid_integrations WHERE processed_seq < requested_seq)
        + (SELECT count(*) FROM plaid_transactions WHERE decided_version < version) + (SELECT count(*) FROM outbox)
""")


class Memory(NamedTuple):
    """What the eldest process of a service held: medians of the first and of the last quarter of the run, megabytes."""

    first: float
    last: float

    @property
    def growth(self) -> float:
        """Per cent."""
        return 100 * (self.last / self.first - 1)


class Watch:
    """Looks every few seconds; `waiting` is the work that waited at the last look, in tables and in queues."""

    def __init__(self, system: Running, channel: aio_pika.abc.AbstractChannel, seconds: float) -> None:
        self.waiting = self.most = 0
        self.processors = Processors(system)
        self._system = system
        self._channel = channel
        self._every = min(MOST_APART, seconds / LOOKS)
        self._resident: defaultdict[str, list[float]] = defaultdict(list)

    def memory(self) -> dict[str, Memory]:
        """Return what each service held at first and at last."""
        return {name: _quarters(held) for name, held in self._resident.items()}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            for name in SERVICES:
                with suppress(OSError):
                    self._resident[name].append(memory.resident(self._system.pids(name)[0]))
            self.processors.look()
            self.waiting = await self._count()
            self.most = max(self.most, self.waiting)
            await asyncio.sleep(self._every)

    async def _count(self) -> int:
        async with self._system.database.transaction() as session:
            waiting = int((await session.execute(WAITING)).scalar_one())
        for queue in QUEUES:
            declared = await self._channel.declare_queue(Names().work(queue), passive=True)
            waiting += declared.declaration_result.message_count or 0
        return waiting


def _quarters(held: Sequence[float]) -> Memory:
    length = max(1, len(held) // 4)
    return Memory(median(held[:length]), median(held[-length:]))


@asynccontextmanager
async def watching(system: Running, seconds: float) -> AsyncIterator[Watch]:
    """Watch beside the block."""
    amqp_url = system.processes.by_name["sync_worker"].environment["AMQP_URL"]
    async with await aio_pika.connect(amqp_url) as connection:
        watch = Watch(system, await connection.channel(), seconds)
        task = asyncio.create_task(watch.run())
        try:
            yield watch
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
