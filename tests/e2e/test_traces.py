"""Where a collector is named, one trace goes from the webhook to the expense; nothing in it is private."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.embedded import System
from tests.e2e.collector import Collector, Span, collector
from tests.e2e.people import link_whatever_happens
from tests.e2e.settled import CONVERGED
from tests.e2e.sites import Site, site
from tests.e2e.test_system import PRIVATE, SECRETS
from tests.servers.databases import Databases
from tests.servers.rabbitmq import Rabbit

WEBHOOK = "POST /api/plaid/webhook"
LAST = "process transactions.changed"
SOUGHT = "Zanzibarhotel"


@pytest.fixture(scope="module")
async def traced(
    databases: Databases, rabbitmq_server: Rabbit, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Site, Collector]]:
    """A running system whose spans are kept, with one linked bank."""
    folder: Path = tmp_path_factory.mktemp("traces")
    with collector() as kept, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", kept.endpoint)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        async with databases.fresh() as url, site(rabbitmq_server, url, folder) as started:
            await link_whatever_happens(started.running.system, 1, "user_business_60")
            await started.witness.settled()
            yield started, kept


async def way_of(kept: Collector) -> list[Span]:
    """Return the spans from a webhook to its expense, the last one first, once they have come."""
    async with asyncio.timeout(CONVERGED):
        while True:
            for span in list(kept.spans):
                if span.name == LAST and [one.name for one in kept.above(span)][-1:] == [WEBHOOK]:
                    return [span, *kept.above(span)]
            await asyncio.sleep(0.1)


async def test_one_trace_from_the_webhook_to_the_expense(traced: tuple[Site, Collector]) -> None:
    """HTTP, AMQP, SQL and calls of Plaid are spans of one trace, each part of its cause, with one correlation id."""
    at, kept = traced
    await at.bank.add((await at.witness.items())[0])
    await at.witness.settled()
    way = await way_of(kept)
    assert [span.service for span in way] == ["categorizer", "sync_worker", "webhook_ingest"]
    trace = kept.trace(way[0].trace)
    assert {span.attributes.get("cora.correlation_id") for span in trace} == {way[0].attributes["cora.correlation_id"]}
    kinds = {(span.service, span.name.split()[0]) for span in trace}
    assert {("webhook_ingest", "publish"), ("sync_worker", "publish")} <= kinds
    assert {("sync_worker", "SELECT"), ("sync_worker", "INSERT"), ("categorizer", "INSERT")} <= kinds
    calls = [span for span in trace if "/transactions/sync" in str(span.attributes)]
    assert {(span.service, span.name) for span in calls} == {("sync_worker", "POST")}


async def ops(at: Site, *words: str) -> tuple[int, Any]:
    """Type a command of the operators', with --json; return its exit code and what it printed."""
    environment = os.environ | {"DATABASE_URL": at.running.system.database_url}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ops", *words, "--json", env=environment, stdout=PIPE, stderr=PIPE
    )
    out, _ = await asyncio.wait_for(child.communicate(), CONVERGED)
    return child.returncode or 0, json.loads(out)


async def test_an_operator_reads_the_life_of_a_transaction(traced: tuple[Site, Collector]) -> None:
    """From the webhook to the expense, and again when the bank corrects it, in order; also from the log's id."""
    at, _ = traced
    item = (await at.witness.items())[0]
    added = await at.bank.add(item)
    await at.witness.settled()
    await at.bank.tell(f"items/{item}/transactions/edit", transaction_id=added, amount=99.5)
    await at.witness.settled()
    code, story = await ops(at, "trace", added)
    steps = [moment["what"] for moment in story["moments"]]
    assert (code, steps) == (
        0,
        ["rung", "synced", "stored", "expense made", "rung", "synced", "stored", "decided"],
    )
    [first, second] = [moment["correlation_id"] for moment in story["moments"] if moment["what"] == "synced"]
    lines = at.running.by_name["webhook_ingest"].lines("webhook.accepted")
    assert {first, second} <= {line["correlation_id"] for line in lines}
    assert (await ops(at, "trace", second)) == (0, story)


async def test_lines_of_the_log_name_their_trace(traced: tuple[Site, Collector]) -> None:
    """From a line of any service's log one finds its trace."""
    at, kept = traced
    way = await way_of(kept)
    for span in way:
        lines = at.running.by_name[span.service].lines()
        assert way[0].trace in {line.get("trace_id") for line in lines}, span.service


STRANGER = "0af7651916cd43dd8448eb211c80319c"


async def test_a_stranger_chooses_no_trace_of_ours(traced: tuple[Site, Collector]) -> None:
    """Whoever calls with a traceparent, sampled or not, begins a trace of our own all the same."""
    at, kept = traced
    system = at.running.system
    header = {"traceparent": f"00-{STRANGER}-b7ad6b7169203331-00"}
    async with httpx2.AsyncClient(headers=header | {"Authorization": f"Bearer {system.token(1)}"}) as client:
        (await client.get(f"{system.api_url}/api/categories")).raise_for_status()
        assert (await client.post(f"{system.ingest_url}/api/plaid/webhook", content=b"{}")).status_code >= 400
    async with asyncio.timeout(CONVERGED):
        while not any(span.name == "GET /api/categories" for span in list(kept.spans)):  # noqa: ASYNC110 - it is sent
            await asyncio.sleep(0.1)
    assert kept.trace(STRANGER) == []


async def search(system: System) -> None:
    """Search expenses, as the page does."""
    bearer = {"Authorization": f"Bearer {system.token(1)}"}
    async with httpx2.AsyncClient(base_url=system.api_url, headers=bearer) as api:
        (await api.get("/api/expenses", params={"q": SOUGHT})).raise_for_status()


async def asked(kept: Collector) -> None:
    """Return once the span of a search has come."""
    async with asyncio.timeout(CONVERGED):
        while not any(span.name == "GET /api/expenses" for span in list(kept.spans)):  # noqa: ASYNC110 - it is sent
            await asyncio.sleep(0.1)


async def test_no_span_tells_a_secret_or_what_somebody_bought(traced: tuple[Site, Collector]) -> None:
    """No span holds a token, a credential, a word of a transaction or what a user searched for."""
    at, kept = traced
    await way_of(kept)
    async with at.witness.database.transaction() as session:
        private = [str(word) for word in (await session.execute(PRIVATE)).scalars()]
    assert len(private) > 20
    await search(at.running.system)
    await asked(kept)
    sent = b"\n".join(kept.raw).decode("latin-1")
    words = [word.encode().decode("latin-1") for word in (*SECRETS, SOUGHT, *private)]
    assert [word for word in words if word in sent] == []
