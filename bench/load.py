"""Sends requests and times their answers, as a process of its own: an order on standard input, a result on output.

Light enough to leave the processors to what is measured: bytes made beforehand, connections kept, no HTTP library.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any, cast

from common.runtime import loop_factory

HOST = "127.0.0.1"
LOST = "lost"
"""The status of a request whose connection broke."""
GRACE = 30.0
"""Seconds for what is under way when the time is over, and for starting."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to send where: as fast as the connections allow, or so many a second at fixed times."""

    ports: Sequence[int]
    requests: Sequence[str]
    seconds: float
    connections: int
    per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came back; `latencies` are seconds, from when a request was due, in ascending order."""

    statuses: dict[str, int]
    seconds: float
    cpu_seconds: float
    latencies: list[float]

    @property
    def answered(self) -> int:
        """How many answers there were."""
        return sum(self.statuses.values())

    def whole(self) -> "Result":
        """Return itself, or raise RuntimeError unless there were answers and every one was 200."""
        if set(self.statuses) != {"200"}:
            raise RuntimeError(f"not everything was answered 200: {self.statuses}")
        return self

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the answers stayed within."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


async def run(order: Order) -> Result:
    """Have another process carry the order out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(order.seconds + GRACE):
        output, _ = await process.communicate(json.dumps(asdict(order)).encode())
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Result(**json.loads(output))


class Connection(asyncio.Protocol):
    """One request at a time; tells its status when the answer is complete."""

    def __init__(self, answered: Callable[["Connection", str], None]) -> None:
        self._answered = answered
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self.due: float | None = None
        """When the request under way was to be sent; None while none is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what leads to the server."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at that moment."""
        self.due = due
        cast("asyncio.WriteTransport", self._transport).write(request)

    def data_received(self, data: bytes) -> None:
        """Collect the answer."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._received = b""
            self._answered(self, head[9:12].decode())

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell of a request that gets no answer any more."""
        self._transport = None
        if self.due is not None:
            self._answered(self, LOST)

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._transport is not None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


class Generator:
    """Carries one order out."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._requests = cycle([request.encode() for request in order.requests])
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._idle: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._under_way = 0
        self._until = 0.0
        self._last = 0.0

    async def run(self) -> Result:
        """Send until the time is over, and return when everything is answered."""
        connections = [await self._connect(number) for number in range(self._order.connections)]
        self._idle.extend(connections)
        used, began = time.process_time(), time.perf_counter()
        self._until = began + self._order.seconds
        if self._order.per_second is None:
            await self._saturate()
        else:
            await self._keep_time(began, 1 / self._order.per_second)
        while self._under_way:  # noqa: ASYNC110 - whoever ordered bounds it
            await asyncio.sleep(0.01)
        used = time.process_time() - used
        for connection in connections:
            connection.close()
        return Result(dict(self._statuses), self._last - began, used, sorted(self._latencies))

    async def _connect(self, number: int) -> Connection:
        port = self._order.ports[number % len(self._order.ports)]
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self._answered), HOST, port)
        return connection

    async def _saturate(self) -> None:
        while self._idle:
            self._send(self._idle.popleft(), time.perf_counter())
        await asyncio.sleep(self._order.seconds)

    async def _keep_time(self, began: float, interval: float) -> None:
        for number in range(round(self._order.seconds / interval)):
            due = began + number * interval
            await asyncio.sleep(due - time.perf_counter())
            if self._idle:
                self._send(self._idle.popleft(), due)
            else:
                self._waiting.append(due)

    def _send(self, connection: Connection, due: float) -> None:
        self._under_way += 1
        connection.send(next(self._requests), due)

    def _answered(self, connection: Connection, status: str) -> None:
        self._last = now = time.perf_counter()
        self._statuses[status] += 1
        self._latencies.append(now - cast("float", connection.due))
        self._under_way -= 1
        connection.due = None
        if not connection.is_open:
            return
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        elif self._order.per_second is None and now < self._until:
            self._send(connection, now)
        else:
            self._idle.append(connection)


if __name__ == "__main__":
    wanted: dict[str, Any] = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        json.dump(asdict(runner.run(Generator(Order(**wanted)).run())), sys.stdout)
