"""A local stand-in of Plaid's host that answers what it is told, byte for byte, or misbehaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANG = b"hang"
CUT = b"cut"


PAGE = b'{"added": [], "modified": [], "removed": [], "next_cursor": "c", "has_more": false, "request_id": "m8MDnv9"}'
"""What is read as a page, and as any other answer."""


def answer(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return an HTTP response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Call:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, object]


@dataclass
class PlaidStub:
    """Answers every call with `reply`, or what it makes of the call; keeps what it was asked."""

    reply: bytes | Callable[[Call], Awaitable[bytes]] = field(default=answer(PAGE))
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["PlaidStub"]:
        """Listen until the block ends."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                call = await _read(reader)
                self.calls.append(call)
                reply = self.reply if isinstance(self.reply, bytes) else await self.reply(call)
                if reply == HANG:
                    await reader.read()
                if reply in (HANG, CUT):
                    break
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Call(head[0].split(" ")[1], headers, json.loads(body))
