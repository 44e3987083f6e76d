"""A process of its own with a thousand open streams, over real sockets."""

import asyncio
import os
import re
import signal
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from common.database import Database
from tests.link_api.world import HOST, KEY, SECRET, bearer
from tests.servers.network import free_port

STREAMS = 1_000
AT_ONCE = 50
MOST_MEMORY = 200 * 1024 * 1024
FEW_FILES = 256
"""What the process is allowed at its start, as service managers allow few; it asks for more by itself."""
PATIENCE = 60.0
HEALTH = b"GET /healthz HTTP/1.0\r\nHost: probe\r\n\r\n"
PEOPLE = text("INSERT INTO users (id) SELECT generate_series(1, :streams)")
TWO_EACH = text("""
    INSERT INTO user_events (user_id, type, body)
    SELECT n, 'sync.progress', '{"said": ' || time || '}'
    FROM generate_series(1, 2) time, generate_series(1, :streams) n
    RETURNING user_id, id, body
""")


@dataclass(frozen=True)
class Running:
    """The process, and where it listens."""

    process: asyncio.subprocess.Process
    port: int

    @property
    def memory(self) -> int:
        """Bytes that it holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024

    async def healthy(self) -> bool:
        """Return whether it answers."""
        try:
            reader, writer = await asyncio.open_connection(HOST, self.port)
        except OSError:
            return False
        writer.write(HEALTH)
        line = await reader.readline()
        writer.close()
        return b" 200 " in line


@asynccontextmanager
async def link_api(database_url: str) -> AsyncIterator[Running]:
    """Run link_api alone; RabbitMQ need not be there."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "AMQP_URL": "amqp://127.0.0.1:1/",
        "PLAID_CLIENT_ID": "client",
        "PLAID_SECRET": "secret",
        "PLAID_ENV": "sandbox",
        "PLAID_ENCRYPTION_KEY": KEY,
        "AUTH_JWT_SECRET": SECRET,
        "LOG_LEVEL": "ERROR",
        "PORT": str(port),
    }
    start = ("sh", "-c", f'ulimit -S -n {FEW_FILES}; exec "$0" -m link_api', sys.executable)
    process = await asyncio.create_subprocess_exec(*start, env=environment)
    running = Running(process, port)
    try:
        async with asyncio.timeout(PATIENCE):
            while not await running.healthy():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def opened(port: int, user_id: int, after: int, turn: asyncio.Semaphore) -> tuple[StreamReader, StreamWriter]:
    """Open the stream of a user and return it once it has told what came after that event."""
    headers = bearer(user_id) | {"Last-Event-ID": str(after), "Host": "link-api"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with turn:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(f"GET /api/events HTTP/1.1\r\n{head}\r\n".encode())
        await reader.readuntil(b'data: {"said": 2}\n\n')
    return reader, writer


async def closed(reader: StreamReader, writer: StreamWriter) -> bool:
    """Return whether the stream was ended as it should be: by the last chunk of its answer."""
    rest = await reader.read()
    writer.close()
    return rest.endswith(b"0\r\n\r\n")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what a process holds")
async def test_a_thousand_streams_are_open_in_little_memory(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    """A process with 1,000 open streams that have all told something has less than 200 MB and ends all in order."""
    database = Database(database_url)
    async with database.transaction() as session:
        await session.execute(PEOPLE, {"streams": STREAMS})
        events = (await session.execute(TWO_EACH, {"streams": STREAMS})).all()
    await database.close()
    first = {event.user_id: event.id for event in events if "1" in event.body}
    turn = asyncio.Semaphore(AT_ONCE)
    async with asyncio.timeout(PATIENCE), link_api(database_url) as running:
        streams = [await opened(running.port, 1, first[1], turn)]
        before = running.memory
        others = (opened(running.port, user_id, first[user_id], turn) for user_id in range(2, STREAMS + 1))
        streams += await asyncio.gather(*others)
        after = running.memory
        record_property("memory", f"{before / 2**20:.0f} MB with one stream, {after / 2**20:.0f} MB with all")
        assert after < MOST_MEMORY
        running.process.send_signal(signal.SIGTERM)
        assert all(await asyncio.gather(*(closed(*stream) for stream in streams)))
        assert await running.process.wait() == 0
