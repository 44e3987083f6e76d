"""Bounds on a server's connections: uvicorn takes any number of them, and waits for ever for a request's head."""

import asyncio
from typing import Any

from prometheus_client import Counter
from uvicorn.protocols.http.auto import AutoHTTPProtocol

CLOSED = Counter("http_connections_closed_total", "Connections closed before they were served, by reason", ["reason"])

MOST = 10_000
"""Connections of one server at a time."""
HEAD_WITHIN = 10.0
"""Seconds from a connection, or from the first byte of its next request, to the end of the request's head."""
LARGEST_HEAD = 32 * 1024
LARGEST_REST = 1024 * 1024
"""Bytes of a request's head, and of what still comes of a body after its answer."""
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def bounded(most: int = MOST, head_within: float = HEAD_WITHIN) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol (of httptools, or h11) with these bounds, for one server.

    A connection too many costs the one that has waited longest for its request: whoever opens many and says nothing
    takes none from who comes with a request.
    """
    return type("Bounded", (_Bounded, AutoHTTPProtocol), {"most": most, "head_within": head_within, "waiting": {}})


class _Bounded(asyncio.Protocol):
    most: int
    head_within: float
    waiting: dict["_Bounded", asyncio.TimerHandle]
    """Those whose request's head is not complete, in the order in which they began to wait."""

    connections: set[Any]
    cycle: Any
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    """These four are uvicorn's."""

    _unread = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            next(iter(self.waiting))._end("crowded")  # noqa: SLF001 - one of us

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_no_more()
            self._unread = 0
            return
        self._wait()
        self._unread += len(data)
        self._bound_the_unread()

    def _bound_the_unread(self) -> None:
        if self.cycle is not None and self.cycle.more_body:  # answered before it was read to its end
            if self._unread > LARGEST_REST:
                self._end("too_large")
        elif self._unread > LARGEST_HEAD:
            self.transport.write(TOO_LARGE)
            self._end("too_large")

    def _wait(self) -> None:
        if self not in self.waiting:
            self.waiting[self] = self.loop.call_later(self.head_within, self._end, "slow")

    def _wait_no_more(self) -> None:
        if timer := self.waiting.pop(self, None):
            timer.cancel()

    def _end(self, reason: str) -> None:
        self._wait_no_more()
        if not self.transport.is_closing():
            CLOSED.labels(reason).inc()
            self.transport.close()
