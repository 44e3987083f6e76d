"""Browsers that listen to their users' events, as a process of its own: an order on standard input, a count on output.

The process says `open` once every stream is; it closes them and says what it heard when its input ends.
"""

import asyncio
import json
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import cast

from common.runtime import allow_files, loop_factory
from deploy.embedded import HOST, System

PATIENCE = 120.0
"""Seconds for opening all streams, and for the last word."""
AT_ONCE = 50
OWN_FILES = 50
EXPENSES = re.compile(rb'"expense_ids":\[([\d,]+)\]')


@dataclass(slots=True)
class Heard:
    """What the streams heard: how many are open still, how many heard anything, and when which expense first (Unix)."""

    open: int = 0
    users: int = 0
    expenses: dict[str, float] = field(default_factory=dict)


class Listeners:
    """The process that listens."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def end(self) -> Heard:
        """Close all streams and return what they heard."""
        async with asyncio.timeout(PATIENCE):
            output, _ = await self._process.communicate(b"")  # which closes its input
        return Heard(**json.loads(output))


@asynccontextmanager
async def listening(system: System, users: int) -> AsyncIterator[Listeners]:
    """Have one stream of each user open, from now on until `end`."""
    requests = [
        f"GET /api/events HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {system.token(user_id)}\r\n\r\n"
        for user_id in range(1, users + 1)
    ]
    order = {"port": int(system.api_url.rpartition(":")[2]), "requests": requests}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE)
    try:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            if await process.stdout.readline() != b"open\n":
                raise RuntimeError("not every stream could be opened")
        yield Listeners(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


class Stream(asyncio.Protocol):
    """One browser's stream; `opened` is done when the answer has begun."""

    def __init__(self, request: str, heard: Heard) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.WriteTransport | None = None
        self._request = request
        self._heard = heard
        self._rest = b""
        self._silent = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the events."""
        self.transport = cast("asyncio.WriteTransport", transport)
        self.transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        """Note the expenses of events that are whole; the frames of the transfer lie between events, never in one."""
        if not self.opened.done():
            self._begin(data)
        whole, end, self._rest = (self._rest + data).rpartition(b"\n\n")
        now = time.time()
        for ids in EXPENSES.findall(whole + end):
            self._heard.users += self._silent
            self._silent = False
            for one in ids.decode().split(","):
                self._heard.expenses.setdefault(one, now)

    def connection_lost(self, _error: Exception | None) -> None:
        """The stream is open no more."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed before it began"))
        elif self.opened.exception() is None:
            self._heard.open -= 1

    def _begin(self, data: bytes) -> None:
        if b" 200 " in data.partition(b"\r\n")[0]:
            self._heard.open += 1
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(data.decode(errors="replace")))


async def listen() -> Heard:
    """Carry out the order on standard input."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    order = json.loads(await reader.readline())
    heard = Heard()
    streams = await _open(order["port"], order["requests"], heard)
    print("open", flush=True)  # noqa: T201 - its answer
    await reader.read()
    last = Heard(**asdict(heard))  # closing ends them all
    for stream in streams:
        if stream.transport is not None:
            stream.transport.close()
    return last


async def _open(port: int, requests: Sequence[str], heard: Heard) -> list[Stream]:
    allow_files(len(requests) + OWN_FILES)
    turn = asyncio.Semaphore(AT_ONCE)

    async def open_(request: str) -> Stream:
        async with turn:
            _, stream = await asyncio.get_running_loop().create_connection(lambda: Stream(request, heard), HOST, port)
            await stream.opened
            return stream

    return list(await asyncio.gather(*map(open_, requests)))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        json.dump(asdict(runner.run(listen())), sys.stdout)
