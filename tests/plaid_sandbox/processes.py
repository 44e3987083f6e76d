"""The stand-in as a process of its own, to be stopped and killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.plaid_sandbox.running import KEYS, PATIENCE, eventually
from tests.servers.network import free_port

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Process:
    """A running `python -m plaid_sandbox` and a client of it."""

    child: asyncio.subprocess.Process
    http: httpx2.AsyncClient

    async def post(self, path: str, /, **body: Any) -> Any:
        """Post JSON and return the successful answer."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path: str, /, **query: str) -> Any:
        """Get JSON."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def end(self, signal_number: int) -> int:
        """Send a signal and return the exit code."""
        self.child.send_signal(signal_number)
        return await asyncio.wait_for(self.child.wait(), PATIENCE)

    async def _answers(self) -> bool:
        assert self.child.returncode is None, "it ended at its start"
        try:
            return (await self.http.get("/healthz")).status_code == 200
        except httpx2.TransportError:
            return False


@asynccontextmanager
async def started(state_file: Path, **settings: str) -> AsyncIterator[Process]:
    """Start the stand-in with this state file and these variables, wait until it answers, and leave nothing behind."""
    port = free_port()
    environment = {"PORT": str(port), "PYTHONPATH": str(ROOT / "libs"), "PLAID_SANDBOX_STATE_FILE": str(state_file)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "plaid_sandbox", env=os.environ | environment | settings
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=KEYS, timeout=PATIENCE) as http:
            process = Process(child, http)
            await eventually(process._answers)
            yield process
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
