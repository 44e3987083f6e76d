import asyncio
import socket
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from common import outbox, tracing
from common.database import Database
from common.events import RemovalRequested
from common.outbox import Outbox
from tests.common.faulty_broker import FaultyBroker
from tests.common.process import tiny
from tests.e2e.collector import collector

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MODULES = "link_api.main, webhook_ingest.main, sync_worker.main, categorizer.main"
HEAVY = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")


class Traced:
    """A process in the middle of a trace."""

    def traceparent(self) -> str:
        """Return the trace's."""
        return TRACE


async def test_what_is_not_wanted_is_not_there() -> None:
    """Without a collector no service imports the SDK, its exporter or an instrumentation."""
    code = f"import sys, {MODULES}; print([name for name in {HEAVY} if name in sys.modules])"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(child.communicate(), 60)
    assert out.decode().strip() == "[]"


async def test_what_waited_in_the_outbox_goes_on_its_trace(
    database: Database, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """An event whose emitter died before it was published belongs to its trace still."""
    crashed = Database(database_url)
    with monkeypatch.context() as patch:
        patch.setattr(tracing._Process, "telemetry", Traced())
        async with crashed.transaction() as session:
            await outbox.emit(session, RemovalRequested(integration_id=7))
    await crashed.close()
    async with database.transaction() as session:
        await session.execute(text("UPDATE outbox SET claimed_until = now() - interval '1 minute'"))
    broker = FaultyBroker()
    relay = Outbox(database, broker)
    await relay.relay()
    await relay.settle()
    assert [message.traceparent for message in broker.published] == [TRACE]


FAILING = """
import asyncio, sys
from contextlib import suppress
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from common.database import Database
from common.tracing import tracing

async def main():
    database = Database(sys.argv[1])
    with suppress(DBAPIError):
        async with database.transaction() as session:
            await session.execute(text("SELECT CAST(:row AS json)"), {"row": "9999-8888-7777"})
    await database.close()

with tracing("failing", sys.argv[2]):
    asyncio.run(main())
"""


async def test_a_statement_that_failed_tells_no_more_than_that(database_url: str) -> None:
    """Its span ends, as failed, and holds neither the error's text nor the value that PostgreSQL refused."""
    with collector() as kept:
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", FAILING, database_url, kept.endpoint)
        assert await asyncio.wait_for(child.wait(), 60) == 0
    [failed] = [span for span in kept.spans if span.failed]
    assert (failed.name.split()[0], failed.status) == ("SELECT", "")
    assert b"9999-8888-7777" not in b"".join(kept.raw)
    assert b"invalid" not in b"".join(kept.raw)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a collector that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("where", ["away", "silent"])
async def test_a_collector_in_trouble_holds_up_nothing(where: str, silent: str) -> None:
    """A collector that is away or says nothing: the service serves all the same, and stops in its time, in order."""
    endpoint = {"away": "http://127.0.0.1:1", "silent": silent}[where]
    async with tiny(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="50") as service:
        assert (await service.client.get("/speak")).status_code == 200
        service.terminate()
        code, _ = await service.end(within=12)
    assert code == 0
