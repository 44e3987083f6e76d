"""A thousand browsers that listen: what they cost in memory, and how soon each hears what happened."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

from sqlalchemy import text

from bench import memory
from bench.changes import percentiles
from bench.figure import Figure, figure
from bench.front import get, link_api
from bench.site import Site
from common.broker.rabbit.broker import RabbitBroker
from common.database import Database
from common.events import ExpensesChanged
from common.outbox import Outbox, emit
from deploy.embedded import HOST
from tests.e2e.processes import Process
from tests.e2e.virtual_hosts import virtual_host

STREAMS = 1_000
AT_ONCE = 50
PER_SECOND = 100
PATIENCE = 60.0
PEOPLE = text("INSERT INTO users (id) SELECT generate_series(1, :streams)")
Stream = tuple[StreamReader, StreamWriter]


async def measure(site: Site, *, streams: int = STREAMS, events: int = 500, repetitions: int = 3) -> list[Figure]:
    """Return the memory of a process with so many open streams, and percentiles from the commit to the browser."""
    amqp_url = await virtual_host(site.rabbit)
    async with site.databases.fresh() as url, link_api(site, url, amqp_url) as process, _emitter(url, amqp_url) as told:
        async with told.transaction() as session:
            await session.execute(PEOPLE, {"streams": streams})
        before = memory.resident(_pid(process))
        opened = await _open(process, streams)
        try:
            grown = memory.resident(_pid(process)) - before
            runs = [await _delays(told, opened, events) for _ in range(repetitions)]
        finally:
            for _, writer in opened:
                writer.close()
                await writer.wait_closed()
    remark = f"{streams:,} open streams, {PER_SECOND} events/s"
    return [
        figure("link_api: memory of an open stream", "kB", [1000 * grown / streams], remark=remark),
        figure("link_api: memory for all open streams", "MB", [grown], target="< 200 MB", remark=remark),
        *percentiles("event → browser", runs, remark, {"p99": "< 1 s"}),
    ]


@asynccontextmanager
async def _emitter(url: str, amqp_url: str) -> AsyncIterator[Database]:
    """Yield a database whose transactions' events are published, as any service's are."""
    database, broker = Database(url, application_name="bench"), RabbitBroker(amqp_url)
    outbox = Outbox(database, broker)
    await broker.start()
    await broker.connected()
    try:
        yield database
    finally:
        await outbox.settle(PATIENCE)
        await broker.close()
        await database.close()


async def _open(process: Process, streams: int) -> list[Stream]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def open_(user_id: int) -> Stream:
        async with turn:
            reader, writer = await asyncio.open_connection(HOST, process.port)
            writer.write(get("/api/events", user_id).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head:
                raise RuntimeError(head.decode())
            return reader, writer

    return list(await asyncio.gather(*map(open_, range(1, streams + 1))))


async def _delays(told: Database, opened: Sequence[Stream], events: int) -> list[float]:
    """Let so many users' expenses change, one after the other at a steady rate; return the milliseconds of each."""
    began, turns = perf_counter(), [asyncio.Lock() for _ in opened]

    async def tell(number: int) -> float:
        await asyncio.sleep(began + number / PER_SECOND - perf_counter())
        place = number % len(opened)
        async with turns[place]:  # one browser hears one thing at a time
            async with told.transaction() as session:
                await emit(session, ExpensesChanged(user_id=place + 1, expense_ids=[number]))
            committed = perf_counter()
            async with asyncio.timeout(PATIENCE):
                await opened[place][0].readuntil(b'"expense_ids":[%d]' % number)
            return 1000 * (perf_counter() - committed)

    return list(await asyncio.gather(*map(tell, range(events))))


def _pid(process: Process) -> int:
    if process.child is None:
        raise RuntimeError("it does not run")
    return process.child.pid
