"""Bounds on a server's connections: uvicorn takes any number of them, and waits for ever for a request's head."""

import asyncio

from prometheus_client import Counter
from uvicorn.protocols.http.h11_impl import H11Protocol

CLOSED = Counter("http_connections_closed_total", "Connections closed before they were served, by reason", ["reason"])

MOST = 10_000
"""Connections of one server at a time."""
HEAD_WITHIN = 10.0
"""Seconds from a connection, or from the first byte of its next request, to the end of the request's head; and for a
peer to read some of an answer that waits for it."""
LARGEST_HEAD = 32 * 1024
LARGEST_REST = 1024 * 1024
"""Bytes of a request's head, and of what still comes of a body after its answer."""
END_OF_HEAD = b"\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def bounded(most: int = MOST, head_within: float = HEAD_WITHIN) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol with these bounds, for one server: of h11, which is strict and no C.

    A connection too many costs the one that has been of no use for longest, be it that its request is not whole or that
    it rests between two: whoever opens many and says nothing takes none from who comes with a request.
    """
    return type("Bounded", (_Bounded,), {"most": most, "head_within": head_within, "waiting": {}})


class _Bounded(H11Protocol):
    most: int
    head_within: float
    waiting: dict["_Bounded", asyncio.TimerHandle | None]
    """Those that have no request under way, in the order in which that began; with a timer once a head has begun."""

    _unread = 0
    _last = b""
    _unheard: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            next(iter(self.waiting))._end("crowded")  # noqa: SLF001 - one of us

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        self._heard()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self in self.waiting and self._is_head_too_large(data):
            self.transport.write(TOO_LARGE)
            self._end("too_large")
            return
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_no_more()
            self._unread = 0
            return
        self._wait()
        self._unread += len(data)
        if self._is_answered_early() and self._unread > LARGEST_REST:
            self._end("too_large")

    def on_response_complete(self) -> None:
        """Rest until the next request comes, unless it has."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self.waiting.setdefault(self, None)

    def pause_writing(self) -> None:
        """Give the peer its time to read; an answer that nobody takes would hold the connection for ever."""
        super().pause_writing()
        self._unheard = self.loop.call_later(self.head_within, self._give_up)

    def resume_writing(self) -> None:
        self._heard()
        super().resume_writing()

    def _heard(self) -> None:
        if self._unheard is not None:
            self._unheard.cancel()
            self._unheard = None

    def _give_up(self) -> None:
        CLOSED.labels("unread").inc()
        self.transport.abort()  # a close would wait for the peer

    def _is_answered_early(self) -> bool:
        return self.cycle is not None and bool(self.cycle.more_body)

    def _is_head_too_large(self, data: bytes) -> bool:
        if self._is_answered_early():
            return False
        end = (self._last + data).find(END_OF_HEAD)  # it may come in two pieces
        before = self._unread - len(self._last)
        self._last = (self._last + data)[1 - len(END_OF_HEAD) :] if end < 0 else b""
        return before + end > LARGEST_HEAD if end >= 0 else self._unread + len(data) > LARGEST_HEAD

    def _wait(self) -> None:
        if self.waiting.get(self) is None:
            self.waiting[self] = self.loop.call_later(self.head_within, self._end, "slow")

    def _wait_no_more(self) -> None:
        if timer := self.waiting.pop(self, None):
            timer.cancel()

    def _end(self, reason: str) -> None:
        self._wait_no_more()
        if not self.transport.is_closing():
            CLOSED.labels(reason).inc()
            self.transport.close()
