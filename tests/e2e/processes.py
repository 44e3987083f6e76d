"""The system as operators run it: each service a process of its own, on real PostgreSQL and RabbitMQ."""

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from deploy.embedded import HOST, Ports, System
from tests.e2e.nursery import Forked, Nursery
from tests.servers.network import free_port

PATIENCE = 60.0
SERVICES = ("link_api", "webhook_ingest", "sync_worker", "categorizer")
STAND_IN = "plaid_sandbox"
HEALTH = b"GET /healthz HTTP/1.0\r\nHost: probe\r\n\r\n"


@dataclass(eq=False)
class Process:
    """One service as a child process; its log is kept over its restarts."""

    module: str
    port: int
    environment: dict[str, str]
    log: Path
    nursery: Nursery | None = None
    child: asyncio.subprocess.Process | Forked | None = None
    starts: int = 0

    async def start(self) -> None:
        """Start it and return when its health probe answers."""
        self.child = await self._launch(self.environment | {"PORT": str(self.port)})
        self.starts += 1
        async with asyncio.timeout(PATIENCE):
            while not await self._answers():
                assert self.child.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    async def _launch(self, environment: dict[str, str]) -> "asyncio.subprocess.Process | Forked":
        if self.nursery is not None:
            return await self.nursery.start(self.module, environment, self.log)
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", self.module, env=environment, stdout=log, stderr=log
            )

    async def _answers(self) -> bool:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, self.port)
            try:
                writer.write(HEALTH)
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
        return False

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self.child is not None and self.child.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send the signal to this process alone."""
        assert self.child is not None
        self.child.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        """Send the signal, unless it has ended already, and return its exit code."""
        assert self.child is not None
        if self.runs:
            self.send(number)
        async with asyncio.timeout(PATIENCE):
            return await self.child.wait()

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return what it logged, or what it logged of this event, oldest first."""
        said = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in said if event in {None, line.get("event")}]


@dataclass(eq=False)
class Processes:
    """The running services and where they are; the second worker of a kind is called `<service>_2`."""

    system: System
    by_name: dict[str, Process] = field(default_factory=dict)

    def logs(self) -> str:
        """Return everything that every process said."""
        return "".join(process.log.read_text() for process in self.by_name.values())

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return what any process logged of this event."""
        return [line for process in self.by_name.values() for line in process.lines(event)]

    def of(self, service: str) -> Iterator[Process]:
        """Yield every process of a service."""
        return (process for process in self.by_name.values() if process.module == service)


@asynccontextmanager
async def processes(
    database_url: str,
    amqp_url: str,
    folder: Path,
    *,
    nursery: Nursery | None = None,
    replicas: Mapping[str, int] | None = None,
) -> AsyncIterator[Processes]:
    """Start the stand-in and the four services, `replicas` of some, and end them by their own pids."""
    ports, secret = Ports.free(), secrets.token_urlsafe(32)
    system = System(
        api_url=f"http://{HOST}:{ports.link_api}",
        ingest_url=f"http://{HOST}:{ports.webhook_ingest}",
        sandbox_url=f"http://{HOST}:{ports.plaid_sandbox}",
        database_url=database_url,
        jwt_secret=secret,
    )
    environment = _environment(system, amqp_url)
    running = Processes(system)
    for module in (STAND_IN, *SERVICES):
        for number in range(1, 1 + (replicas or {}).get(module, 1)):
            name, port = (module, getattr(ports, module)) if number == 1 else (f"{module}_{number}", free_port())
            running.by_name[name] = Process(module, port, environment, folder / f"{name}.log", nursery)
    try:
        await asyncio.gather(*(process.start() for process in running.by_name.values()))
        yield running
    finally:
        started = [process for process in running.by_name.values() if process.child is not None]
        for process in started:
            with suppress(ProcessLookupError):
                process.send(signal.SIGCONT)
        await asyncio.gather(*(process.end(signal.SIGTERM) for process in started))


def _environment(system: System, amqp_url: str) -> dict[str, str]:
    """Return what every process needs; a webhook that got no answer comes again after 0.6 s, then 2.4 s, 9.6 s ..."""
    return dict(os.environ) | {
        "HOST": HOST,
        "DATABASE_URL": system.database_url,
        "AMQP_URL": amqp_url,
        "AUTH_JWT_SECRET": system.jwt_secret,
        "PLAID_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "PLAID_CLIENT_ID": "client",
        "PLAID_SECRET": "the-plaid-secret",
        "PLAID_ENV": "sandbox",
        "PLAID_BASE_URL": system.sandbox_url,
        "PLAID_LIMITS": "*=off",  # the stand-in has none unless it is asked to
        "API_RATE_LIMIT": "off",  # tests poll
        "PLAID_WEBHOOK_URL": f"{system.ingest_url}/api/plaid/webhook",
        "PLAID_SANDBOX_RETRY_SCALE": "0.02",
    }
