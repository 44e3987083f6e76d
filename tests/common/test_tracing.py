import asyncio
import os
import socket
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text

from common import outbox, tracing
from common.database import Database
from common.events import RemovalRequested
from common.outbox import Outbox
from tests.common.faulty_broker import FaultyBroker
from tests.common.process import tiny
from tests.e2e.collector import Collector, collector

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MODULES = "link_api.main, webhook_ingest.main, sync_worker.main, categorizer.main"
HEAVY = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")
RELEASED = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]


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


async def run(code: str, *words: str, kept: Collector, **environment: str) -> str:
    """Run a program whose spans are kept; return what it printed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *words, kept.endpoint,
        env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == 0
    return out.decode()


CALLING = """
import asyncio, sys
from contextlib import suppress
from pydantic import SecretStr
from common.plaid import Credentials, PlaidClient, PlaidError
from common.tracing import handling, traceparent, tracing
from tests.common.broker.site import message

async def main():
    plaid = PlaidClient(Credentials("client-hush", SecretStr("secret-hush"), sys.argv[1]))
    with handling(message()), suppress(PlaidError):
        print(traceparent())
        await plaid.get_item(SecretStr("access-sandbox-hush"))
    plaid.close()

with tracing("calling", sys.argv[2]):
    asyncio.run(main())
"""


@contextmanager
def listening() -> Iterator[tuple[str, list[set[str]]]]:
    """Yield the address of a Plaid that refuses every call, and the names of the headers that it was sent."""
    heard: list[set[str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            heard.append({name.lower() for name in self.headers})
            body = b'{"error_type": "INVALID_INPUT", "error_code": "INVALID_ACCESS_TOKEN", "error_message": "hush"}'
            self.send_response(400)
            self.send_header("content-length", str(len(body)))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()


async def test_plaid_is_not_told_of_our_traces() -> None:
    """A call of Plaid is a span of the work's trace; it carries no header of it, and its span no secret."""
    with collector() as kept, listening() as (address, heard):
        trace = (await run(CALLING, address, kept=kept)).split("-")[1]
    [headers] = heard
    assert headers & {"traceparent", "tracestate", "baggage"} == set()
    assert {span.trace for span in kept.spans if span.name == "POST"} == {trace}
    assert b"hush" not in b"".join(kept.raw)


async def test_a_call_that_failed_tells_no_more_than_that() -> None:
    """Where Plaid cannot be reached, the span of the call is failed, without the error's text or a traceback."""
    with collector() as kept:
        await run(CALLING, "http://127.0.0.1:1", kept=kept)
    calls = [span for span in kept.spans if span.name == "POST"]
    assert calls
    assert {(span.failed, span.status) for span in calls} == {(True, "")}
    assert b"exception" not in b"".join(kept.raw)
    assert b"Max retries" not in b"".join(kept.raw)


HANDLING = """
import sys
from dataclasses import replace
from common.tracing import handling, tracing
from tests.common.broker.site import message

with tracing("ours", sys.argv[1]):
    for _ in range(3):
        with handling(replace(message(), traceparent="")):
            pass
"""


@pytest.mark.parametrize(("sampler", "number"), [("always_on", 3), ("always_off", 0)])
async def test_the_sampler_is_the_operators(sampler: str, number: int) -> None:
    """OTEL_TRACES_SAMPLER says which traces are taken."""
    with collector() as kept:
        await run(HANDLING, kept=kept, OTEL_TRACES_SAMPLER=sampler)
    assert len(kept.spans) == number


async def test_a_process_tells_its_name_and_release() -> None:
    """The service's own name, and the version that pyproject.toml has, wherever its source runs."""
    with collector() as kept:
        await run(HANDLING, kept=kept)
    assert {(span.about["service.name"], span.about["service.version"]) for span in kept.spans} == {("ours", RELEASED)}


async def test_what_an_operator_says_of_a_process_wins() -> None:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES stand in each span, before what we would say."""
    theirs = "service.version=5e1f,service.instance.id=pod-7,deployment.environment.name=live"
    with collector() as kept:
        await run(HANDLING, kept=kept, OTEL_SERVICE_NAME="theirs", OTEL_RESOURCE_ATTRIBUTES=theirs)
    about = kept.spans[0].about
    assert (about["service.name"], about["service.version"]) == ("theirs", "5e1f")
    assert (about["service.instance.id"], about["deployment.environment.name"]) == ("pod-7", "live")


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
