import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from common.runtime import serving
from common.web import probes
from deploy.demo import link
from deploy.embedded import HOST, Ports, System, keys

PATIENCE = 90.0


@asynccontextmanager
async def command(folder: Path, first_port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command that `make run` runs."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "deploy/embedded.py",
        "--data",
        str(folder),
        "--port",
        str(first_port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def address(child: asyncio.subprocess.Process) -> str:
    """Return the address that the command prints once everything runs."""
    assert child.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := (await child.stdout.readline()).decode():
            if "Open" in line:
                return line.split()[-1]
    raise AssertionError("it ended without printing an address")


async def interrupt(child: asyncio.subprocess.Process) -> int:
    """Press Ctrl-C and return the exit code."""
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE):
        await child.communicate()
    assert child.returncode is not None
    return child.returncode


@pytest.mark.slow
async def test_data_survives_a_restart(tmp_path: Path) -> None:
    """Ctrl-C ends it with exit code 0; after the next start the bank is still linked and syncs on."""
    first = 18_400
    ports = Ports.beginning(first)
    sandbox = f"http://{HOST}:{ports.plaid_sandbox}"
    async with command(tmp_path, first) as child:
        await address(child)
        running = System(f"http://{HOST}:{first}", "", sandbox, "", keys(tmp_path)["auth_jwt_secret"])
        await link(running, 1, "user_good")
        assert await integrations(running) == [("active", None)]
        assert await interrupt(child) == 0
    async with command(tmp_path, first) as child:
        await address(child)
        async with asyncio.timeout(PATIENCE):
            while await transactions(running) < 1000:  # noqa: ASYNC110 - history comes by webhook, from outside
                await asyncio.sleep(0.2)
        assert await integrations(running) == [("active", None)]
        assert await interrupt(child) == 0


async def integrations(running: System) -> list[tuple[str, object]]:
    """Return status and last error of what the user linked."""
    return [(one["status"], one["last_error"]) for one in await listed(running)]


async def transactions(running: System) -> int:
    """Return how many transactions the page would show."""
    return sum(int(str(one["transactions"])) for one in await listed(running))


async def listed(running: System) -> list[dict[str, str]]:
    """Return the integrations as the page gets them."""
    headers = {"Authorization": f"Bearer {running.token(1)}"}
    async with httpx2.AsyncClient(base_url=running.api_url, headers=headers, timeout=30) as api:
        answer = (await api.get("/api/plaid/integrations")).raise_for_status().json()
    return list(answer["items"])


@pytest.mark.slow
async def test_a_port_in_use_is_a_clear_message(tmp_path: Path) -> None:
    """When somebody listens already, the start ends at once and says where and what to do."""
    async with serving(probes([]), HOST, 0) as taken, command(tmp_path, taken - 100) as child:
        _, said = await child.communicate()
    assert child.returncode == 1
    assert f"{HOST}:{taken}" in said.decode()
    assert "another PORT" in said.decode()
    assert "Traceback" not in said.decode()
