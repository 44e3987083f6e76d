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


async def slow(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params.get("for", "0.3")))
    return PlainTextResponse("slow")


async def long(_request: Request) -> Response:
    return PlainTextResponse("long" * 1_000_000)


async def address(request: Request) -> Response:
    return PlainTextResponse(request.client.host if request.client else "")


APP = Starlette(
    routes=[
        Route("/", hello, methods=["GET", "POST"]),
        Route("/slow", slow),
        Route("/long", long),
        Route("/address", address),
    ]
)
SLOW = HEAD.replace(b"/", b"/slow", 1) + b"\r\n"
SLOWER = HEAD.replace(b"/", b"/slow?for=1.2", 1) + b"\r\n"
LONG = HEAD.replace(b"/", b"/long", 1) + b"\r\n"


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

    async def answers(self, request: bytes, end: bytes) -> bool:
        """Return whether a newcomer is answered so."""
        peer = await self.opened(request)
        while not peer.over and not peer.received.endswith(end):  # noqa: ASYNC110 - a peer is a protocol
            await asyncio.sleep(0.01)
        return not peer.over


@asynccontextmanager
async def serving(
    monkeypatch: pytest.MonkeyPatch, *, most: int = 100, head_within: float = 0.2
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
    async with serving(monkeypatch, head_within=1) as server:
        peer = await server.opened(SLOWER)
        await peer.hears(b"slow")
        await asyncio.sleep(1.2)
        peer.send(HEAD + b"\r\n")
        await peer.hears(b"hello")


async def test_a_rest_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a body that was answered before its end the rest is not waited for."""
    async with serving(monkeypatch, head_within=1) as server:
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


async def test_a_head_too_large_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it taken when it comes whole in one piece; one within the bound is."""
    field = b"X-Field: " + b"x" * 8_000 + b"\r\n"
    async with serving(monkeypatch, head_within=60) as server:
        small = await server.opened(HEAD + field * 3 + b"\r\n")
        await small.hears(b"hello")
        large = await server.opened(HEAD + field * 5 + b"\r\n")
        await large.ends()

    assert large.received == connections.TOO_LARGE


async def test_a_head_whose_end_comes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that comes with the second half of its head's end is no part of the head."""
    length = connections.LARGEST_HEAD * 2
    async with serving(monkeypatch, head_within=60) as server:
        for at in (1, 2, 3):
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d" % length + connections.END_OF_HEAD
            peer = await server.opened(head[:-at])
            await asyncio.sleep(0.05)
            peer.send(head[-at:] + b"x" * length)
            await peer.hears(b"hello")


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
        busy = [await server.opened(SLOWER) for _ in range(10)]
        await eventually(under_way)
        for _ in range(10):
            await (await server.opened(HEAD)).ends()
        for peer in busy:
            await peer.hears(b"slow")


async def under_way() -> bool:
    """Return whether ten requests are being answered."""
    return sum("run_asgi" in str(task.get_coro()) for task in asyncio.all_tasks()) == 10


async def test_who_rests_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound a connection kept open between two requests goes for one that comes with a request."""
    async with serving(monkeypatch, most=10, head_within=60) as server:
        resting = [await server.opened(HEAD + b"\r\n") for _ in range(10)]
        for peer in resting:
            await peer.hears(b"hello")
        await (await server.opened(HEAD + b"\r\n")).hears(b"hello")
        await resting[0].ends()
        assert not any(peer.over for peer in resting[5:])


async def test_who_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that its asker does not take holds no connection for ever, however many it asked for."""
    async with serving(monkeypatch, most=5) as server:
        for _ in range(5):
            deaf = await server.opened()
            deaf.transport.pause_reading()
            deaf.send(LONG * 20)
        await eventually(partial(server.answers, HEAD + b"\r\n", b"hello"))


async def test_who_reads_slowly_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long answer that is read now and then comes whole."""
    async with serving(monkeypatch, head_within=1) as server:
        peer = await server.opened(LONG)
        for _ in range(6):
            peer.transport.pause_reading()
            await asyncio.sleep(0.3)
            peer.transport.resume_reading()
            await asyncio.sleep(0.01)
        await peer.hears(b"long" * 1_000_000)


async def test_no_request_at_all(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What is no HTTP is answered 400 and fills no log."""
    async with serving(monkeypatch, head_within=60) as server:
        peer = await server.opened(b"\x16\x03\x01 no HTTP\r\n\r\n")
        await peer.ends()

    assert peer.received.startswith(b"HTTP/1.1 400")
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_forwarded_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say by a header where a request came from, not even on this machine."""
    async with serving(monkeypatch, head_within=60) as server:
        peer = await server.opened(HEAD.replace(b"/", b"/address", 1) + b"X-Forwarded-For: 192.0.2.7\r\n\r\n")
        await peer.hears(b"127.0.0.1")
