import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from common import connections, runtime
from tests.common.broker.site import eventually

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def slow(_request: Request) -> Response:
    await asyncio.sleep(0.3)
    return PlainTextResponse("slow")


async def address(request: Request) -> Response:
    return PlainTextResponse(request.client.host if request.client else "")


APP = Starlette(routes=[Route("/", hello, methods=["GET", "POST"]), Route("/slow", slow), Route("/address", address)])
SLOW = HEAD.replace(b"/", b"/slow", 1) + b"\r\n"


class Peer(asyncio.Protocol):
    """One end of a connection: what came, and whether it is over."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.received = b""
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.over = True

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    async def hears(self, end: bytes) -> None:
        """Wait until what came ends so."""
        await eventually(partial(self._heard, end))

    async def _heard(self, end: bytes) -> bool:
        return self.received.endswith(end)

    async def ends(self) -> None:
        """Wait until the server closes the connection."""
        await eventually(self._is_over)

    async def _is_over(self) -> bool:
        return self.over


class Server:
    """Where to connect, and who did."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.peers: list[Peer] = []

    async def opened(self, first: bytes = b"") -> Peer:
        """Return a connection that begins so."""
        _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", self._port)
        self.peers.append(peer)
        peer.send(first)
        return peer


@asynccontextmanager
async def serving(
    monkeypatch: pytest.MonkeyPatch, *, most: int = 100, head_within: float = 0.1
) -> AsyncIterator[Server]:
    """Serve the app with these bounds."""
    monkeypatch.setattr(runtime, "bounded", lambda most: connections.bounded(most, head_within))
    async with runtime.serving(APP, "127.0.0.1", 0, connections=most) as port:
        server = Server(port)
        try:
            yield server
        finally:
            for peer in server.peers:
                peer.transport.abort()


@pytest.mark.parametrize("first", [b"", b"G", HEAD], ids=["silent", "a byte", "no end"])
async def test_a_head_that_does_not_end(monkeypatch: pytest.MonkeyPatch, first: bytes) -> None:
    """Who opens a connection and does not say what it wants is let go after a while."""
    async with serving(monkeypatch) as server:
        peer = await server.opened(first)
        await peer.ends()

    assert peer.received == b""


async def test_a_head_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then prolongs nothing."""
    async with serving(monkeypatch) as server:
        peer = await server.opened()
        sent = 0
        while not peer.over and sent < 1_000:
            peer.send(b"G")
            sent += 1
            await asyncio.sleep(0.01)

    assert sent < 100


async def test_a_later_head_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request of a connection has no more time than the first."""
    async with serving(monkeypatch) as server:
        peer = await server.opened(HEAD + b"\r\n")
        await peer.hears(b"hello")
        peer.send(HEAD)
        await peer.ends()


async def test_a_long_answer_and_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is the head's alone: neither a slow answer nor a connection kept open between requests is cut off."""
    async with serving(monkeypatch) as server:
        peer = await server.opened(SLOW)
        await peer.hears(b"slow")
        await asyncio.sleep(0.2)
        peer.send(HEAD + b"\r\n")
        await peer.hears(b"hello")


async def test_a_rest_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a body that was answered before its end the rest is not waited for."""
    async with serving(monkeypatch) as server:
        peer = await server.opened(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        await peer.hears(b"hello")
        peer.send(b"x")
        await peer.ends()


async def flooded(peer: Peer, piece: bytes) -> int:
    """Send pieces until the server closes the connection; return how many bytes that took."""
    sent = 0
    while not peer.over and sent < 99_000_000:
        peer.send(piece)
        sent += len(piece)
        await asyncio.sleep(0.001)
    return sent


async def test_a_head_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head without end is refused when it is too large, long before its time is over."""
    async with serving(monkeypatch, head_within=60) as server:
        peer = await server.opened(HEAD)

        assert await flooded(peer, b"X-Field: " + b"x" * 1_000 + b"\r\n") < 20 * connections.LARGEST_HEAD


async def test_a_head_just_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends a head too large and listens then is told what was wrong."""
    async with serving(monkeypatch, head_within=60) as server:
        peer = await server.opened(HEAD + b"X-Field: " + b"x" * connections.LARGEST_HEAD)
        await peer.ends()

    assert peer.received == connections.TOO_LARGE


async def test_a_rest_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a body that was answered before its end no more than a little is taken."""
    async with serving(monkeypatch, head_within=60) as server:
        peer = await server.opened(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99000000\r\n\r\n")
        await peer.hears(b"hello")

        assert await flooded(peer, b"x" * 100_000) < 50_000_000


async def test_connections_that_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections say nothing, the server holds no more than its bound, and who asks is answered."""
    async with serving(monkeypatch, most=20, head_within=60) as server:
        silent = [await server.opened(HEAD) for _ in range(200)]
        for _ in range(20):
            await (await server.opened(HEAD + b"\r\n")).hears(b"hello")

        async def bounded() -> bool:
            return sum(not peer.over for peer in silent) <= 20

        await eventually(bounded)


async def test_no_request_under_way_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound it is who says nothing that goes, never who waits for an answer."""
    async with serving(monkeypatch, most=10, head_within=60) as server:
        busy = [await server.opened(SLOW) for _ in range(10)]
        await asyncio.sleep(0.05)
        late = [await server.opened(HEAD) for _ in range(10)]
        for peer in busy:
            await peer.hears(b"slow")

    assert all(peer.over for peer in late)


async def test_no_request_at_all(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What is no HTTP is answered 400 and fills no log."""
    async with serving(monkeypatch, head_within=60) as server:
        peer = await server.opened(b"\x16\x03\x01 no HTTP\r\n\r\n")
        await peer.ends()

    assert peer.received.startswith(b"HTTP/1.1 400")
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_forwarded_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say by a header where a request came from, not even on this machine."""
    async with serving(monkeypatch) as server:
        peer = await server.opened(HEAD.replace(b"/", b"/address", 1) + b"X-Forwarded-For: 192.0.2.7\r\n\r\n")
        await peer.hears(b"127.0.0.1")
