"""`python -m webhook_ingest` as a process of its own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

import httpx2

from tests.common.broker.site import eventually
from tests.servers.network import free_port

ENVIRONMENT = {
    "DATABASE_URL": "postgresql://cora:the-password@127.0.0.1:1/cora",
    "AMQP_URL": "amqp://cora:the-password@127.0.0.1:1/",
    "PLAID_CLIENT_ID": "client",
    "PLAID_SECRET": "the-secret",
    "PLAID_WEBHOOK_SECRET": "the-secret-plaid-never-had",
    "PLAID_ENV": "sandbox",
    "PLAID_BASE_URL": "http://127.0.0.1:1",
}


async def test_it_starts_with_everything_down() -> None:
    """Without broker, database and Plaid it starts, answers that it is not ready, and stops cleanly on SIGTERM."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "webhook_ingest", env=os.environ | ENVIRONMENT | {"PORT": str(port)}, stderr=PIPE
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:

            async def alive() -> bool:
                try:
                    return (await client.get("/healthz")).status_code == 200
                except httpx2.ConnectError:
                    return False

            await eventually(alive)
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.post("/api/plaid/webhook", content=b"{}")).status_code == 401
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 15)

    assert process.returncode == 0
    assert errors.decode().count("PLAID_WEBHOOK_SECRET") == 1
    assert "the-secret" not in errors.decode()
    assert "the-password" not in errors.decode()
