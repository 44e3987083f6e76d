"""The command that `make run` runs, as a process of its own."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import fields
from pathlib import Path

import httpx2

from deploy.embedded import HOST, Ports

PATIENCE = 90.0
RANGES = range(20_000, 32_000, 211)
"""Below the ports that an operating system hands out by itself."""


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


def free_range() -> int:
    """Return a first port whose followers are free as well: a random one, since others look as well."""
    for first in random.sample(RANGES, len(RANGES)):
        ports = [getattr(Ports.beginning(first), one.name) for one in fields(Ports)]
        with ExitStack() as stack, suppress(OSError):
            for port in ports:
                stack.enter_context(socket.create_server((HOST, port)))
            return first
    raise AssertionError("no ports are free")


async def address(child: asyncio.subprocess.Process) -> str:
    """Return the address that the command prints once everything runs; the page answers by then."""
    assert child.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := (await child.stdout.readline()).decode():
            if "Open" in line:
                page = line.split()[-1]
                async with httpx2.AsyncClient(timeout=PATIENCE) as browser:
                    await browser.get(page)  # answered only when signals are awaited, too
                return page
    raise AssertionError("it ended without printing an address")


async def interrupt(child: asyncio.subprocess.Process) -> int:
    """Press Ctrl-C and return the exit code."""
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE):
        await child.communicate()
    assert child.returncode is not None
    return child.returncode
