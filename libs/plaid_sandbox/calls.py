"""The log of API calls: who asked what, and in which order calls began and ended."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from plaid_sandbox.clock import Clock

KEPT = 50_000


@dataclass(slots=True)
class Call:
    """One call. `began` and `ended` number all beginnings and ends in one row: calls overlap where the numbers do.

    `caller` is the TCP peer's host. The tokens of a call are never kept, and a call in progress has no end.
    """

    path: str
    caller: str | None
    began: int
    began_at: datetime
    ended: int | None = None
    ended_at: datetime | None = None
    status: int | None = None
    error_code: str | None = None
    request_id: str | None = None
    item_id: str | None = None
    cursor: str | None = None
    next_cursor: str | None = None
    has_more: bool | None = None

    def answered(self, body: Mapping[str, object], status: int) -> None:
        """Note what the answer says."""
        self.status = status
        for name in _ANSWERED & body.keys():
            setattr(self, name, body[name])

    def fields(self) -> dict[str, object]:
        """Return the call for the control API, times in ISO 8601 with microseconds."""
        ended_at = self.ended_at and self.ended_at.isoformat()
        return asdict(self) | {"began_at": self.began_at.isoformat(), "ended_at": ended_at}


_ANSWERED = {field.name for field in fields(Call)} & {
    "error_code", "request_id", "item_id", "next_cursor", "has_more"
}  # fmt: skip


class CallLog:
    """The latest calls in the order they began; the oldest make room. `dropped_through`: these are gone."""

    def __init__(self, clock: Clock, kept: int = KEPT) -> None:
        self.sequence = 0
        self.dropped_through = 0
        self._clock = clock
        self._calls: deque[Call] = deque(maxlen=kept)

    def begin(self, path: str, caller: str | None) -> Call:
        """Open the entry of a call that comes in."""
        if len(self._calls) == self._calls.maxlen:
            self.dropped_through = self._calls[0].began
        self.sequence += 1
        call = Call(path, caller, self.sequence, self._clock.now())
        self._calls.append(call)
        return call

    def end(self, call: Call) -> None:
        """Close the entry of a call whose answer was handed to the network."""
        self.sequence += 1
        call.ended, call.ended_at = self.sequence, self._clock.now()

    def find(self, path: str | None, item_id: str | None, since: int) -> Iterator[Call]:
        """Yield the calls that began after `since`, of this path and Item where one is named."""
        return (
            call
            for call in self._calls
            if call.began > since and path in {None, call.path} and item_id in {None, call.item_id}
        )


class Logged:
    """ASGI around one route: its calls are in the log from their first byte to their last."""

    def __init__(self, app: ASGIApp, log: CallLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route answer between beginning and end."""
        client = scope.get("client")
        call = self._log.begin(scope["path"], client[0] if client else None)
        scope.setdefault("state", {})["call"] = call
        try:
            await self._app(scope, receive, send)
        finally:
            self._log.end(call)


def call_of(request: Request) -> Call | None:
    """Return the entry of a call that is logged."""
    call: Call | None = getattr(request.state, "call", None)
    return call
