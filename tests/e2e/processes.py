"""The system as operators run it: each service a process of its own, on real PostgreSQL and RabbitMQ."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import httpx2
from cryptography.fernet import Fernet

from deploy.embedded import HOST, Ports, System

PATIENCE = 60.0


@dataclass
class Process:
    """One service as a child process; its log is kept."""

    name: str
    port: int
    environment: dict[str, str]
    log: Path
    child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and return when its health probe answers."""
        with self.log.open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.name,
                env=self.environment | {"PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )
        async with httpx2.AsyncClient() as client, asyncio.timeout(PATIENCE):
            while not await self._answers(client):
                assert self.child.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    async def _answers(self, client: httpx2.AsyncClient) -> bool:
        try:
            return (await client.get(f"http://{HOST}:{self.port}/healthz")).is_success
        except httpx2.TransportError:
            return False

    async def end(self, number: signal.Signals) -> int:
        """Send the signal to this process and return its exit code."""
        assert self.child is not None
        if self.child.returncode is None:
            self.child.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            return await self.child.wait()


@dataclass
class Processes:
    """The running services by name, and where they are."""

    system: System
    by_name: dict[str, Process] = field(default_factory=dict)

    def logs(self) -> str:
        """Return everything that every process said."""
        return "".join(process.log.read_text() for process in self.by_name.values())


@asynccontextmanager
async def processes(database_url: str, amqp_url: str, folder: Path) -> AsyncIterator[Processes]:
    """Start the stand-in and the four services, and end them by their own pids."""
    ports, secret = Ports.free(), secrets.token_urlsafe(32)
    system = System(
        api_url=f"http://{HOST}:{ports.link_api}",
        ingest_url=f"http://{HOST}:{ports.webhook_ingest}",
        sandbox_url=f"http://{HOST}:{ports.plaid_sandbox}",
        database_url=database_url,
        jwt_secret=secret,
    )
    environment = dict(os.environ) | {
        "HOST": HOST,
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "AUTH_JWT_SECRET": secret,
        "PLAID_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "PLAID_CLIENT_ID": "client",
        "PLAID_SECRET": "the-plaid-secret",
        "PLAID_ENV": "sandbox",
        "PLAID_BASE_URL": system.sandbox_url,
        "PLAID_WEBHOOK_URL": f"{system.ingest_url}/api/plaid/webhook",
        "PLAID_SANDBOX_RETRY_SCALE": "0.05",
    }
    running = Processes(system)
    try:
        for port in fields(ports):
            process = Process(port.name, getattr(ports, port.name), environment, folder / f"{port.name}.log")
            running.by_name[port.name] = process
        await asyncio.gather(*(process.start() for process in running.by_name.values()))
        yield running
    finally:
        started = [process for process in running.by_name.values() if process.child is not None]
        await asyncio.gather(*(process.end(signal.SIGTERM) for process in started))
