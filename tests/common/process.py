"""Runs the tiny service as a process of its own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from tests.common.broker.site import eventually
from tests.servers.network import free_port

NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "AMQP_URL": "amqp://nobody@127.0.0.1:1/"}


@dataclass
class Tiny:
    """The running process and a client of it."""

    process: Process
    client: httpx2.AsyncClient
    _errors: bytes = field(default=b"")

    async def alive(self) -> bool:
        """Return whether it answers."""
        try:
            return (await self.client.get("/healthz")).status_code == 200
        except httpx2.ConnectError:
            return False

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop."""
        self.process.send_signal(number)

    async def end(self, within: float = 20.0) -> tuple[int | None, str]:
        """Return its exit code and what it wrote to stderr."""
        _, errors = await asyncio.wait_for(self.process.communicate(), within)
        return self.process.returncode, errors.decode()


async def start(port: int, **environment: str) -> Process:
    """Start the tiny service on a port."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("LOG_", "TEST_"))}
    variables |= NOWHERE | {"PORT": str(port)} | environment
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.common.tiny_service", env=variables, stderr=PIPE
    )


@asynccontextmanager
async def tiny(**environment: str) -> AsyncIterator[Tiny]:
    """Run the tiny service until the block ends, by force if need be."""
    port = free_port()
    process = await start(port, **environment)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            service = Tiny(process, client)
            await eventually(service.alive)
            yield service
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
