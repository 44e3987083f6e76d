import asyncio
import os
import signal
import sys

import httpx2
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from link_api.document import document
from tests.link_api.world import HOST, KEY, PATIENCE, SECRET, World, bearer, world
from tests.servers.network import free_port


async def answering(api: httpx2.AsyncClient) -> bool:
    """Return whether the process answers within half a minute."""
    for _ in range(300):
        try:
            return (await api.get("/healthz")).status_code == 200
        except httpx2.TransportError:
            await asyncio.sleep(0.1)
    return False


async def test_the_description_is_served(shared: World) -> None:
    """The description and the page that shows it need no token; it is the one that is committed."""
    assert (await shared.api.get("/openapi.json")).json() == document()
    assert (await shared.api.get("/docs")).status_code == 200


async def test_probes_and_metrics_need_no_token(live: World) -> None:
    """Whoever watches the process may; links are counted by what became of them."""
    await live.linked()
    for path in ("/healthz", "/readyz"):
        assert (await live.api.get(path)).status_code == 200
    metrics = (await live.api.get("/metrics")).text
    assert 'links_total{outcome="linked"}' in metrics


async def test_a_process_starts_and_stops_while_every_server_is_away(sandbox: Starlette) -> None:
    """Nothing is connected at the start, and an end without work is clean."""
    async with world("postgresql://nobody@127.0.0.1:1/nothing", sandbox, plaid_base_url="http://127.0.0.1:1") as live:
        assert (await live.api.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("url", "told"), [(None, ["PLAID_WEBHOOK_URL"]), ("https://app.example.com/api/plaid/webhook", [])]
)
async def test_a_deployment_without_webhooks_is_told(sandbox: Starlette, url: str | None, told: list[str]) -> None:
    """Items linked without PLAID_WEBHOOK_URL never ring: the start says so, and what to do; with it, nothing."""
    with capture_logs() as lines:
        async with world("postgresql://nobody@127.0.0.1:1/nothing", sandbox, plaid_webhook_url=url):
            pass
    warnings = [line for line in lines if line["event"] == "setting.unset"]
    assert [line["setting"] for line in warnings] == told
    assert all(line["log_level"] == "warning" and "Set it" in line["advice"] for line in warnings)


async def test_one_correlation_id_runs_through(live: World) -> None:
    """The caller's id comes back, and goes with the events that the call emits."""
    integration = await live.linked()
    answer = await live.api.post(
        f"/api/plaid/integrations/{integration['id']}/sync",
        headers=bearer() | {"X-Correlation-ID": "abc-123"},
    )
    assert answer.headers["x-correlation-id"] == "abc-123"
    [row] = await live.rows("SELECT correlation_id FROM outbox WHERE body LIKE '%manual%'")
    assert row["correlation_id"] == "abc-123"


async def test_a_process_told_to_stop_ends_its_streams_and_exits_cleanly(database_url: str) -> None:
    """On SIGTERM an open stream ends at once, and the process exits 0; RabbitMQ need not be there for that."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "AMQP_URL": "amqp://127.0.0.1:1/",
        "PLAID_CLIENT_ID": "client",
        "PLAID_SECRET": "secret",
        "PLAID_ENV": "sandbox",
        "PLAID_ENCRYPTION_KEY": KEY,
        "AUTH_JWT_SECRET": SECRET,
        "PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "link_api", env=environment)
    try:
        async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=PATIENCE) as api:
            assert await answering(api)
            async with api.stream("GET", "/api/events", headers=bearer(), timeout=30) as stream:
                assert stream.status_code == 200
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(10):
                    assert [line async for line in stream.aiter_lines() if line.startswith("event")] == []
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
