"""Rings like Plaid, hard: signed webhooks over kept connections, at a rate, never more than so many at a time."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Self

from plaid_sandbox.webhooks.keys import KeyRing
from tests.webhook_ingest.doubles import PATH, webhook

AT_ONCE = 40
LONGEST = 10.0
"""Seconds: Plaid waits no longer (plaid.com/docs/api/webhooks)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one webhook was answered; `status` is None where nobody did."""

    item_id: str
    status: int | None
    seconds: float
    headers: str = ""


@dataclass(eq=False)
class Line:
    """A connection to webhook_ingest, opened anew when it broke."""

    port: int
    keys: KeyRing
    _open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ring(self, item_id: str) -> Answer:
        """Send one webhook of this item; return how it was answered."""
        body = webhook(item_id=item_id)
        signature = self.keys.current.sign(body, datetime.now(UTC))
        head = f"POST {PATH} HTTP/1.1\r\nHost: ingest\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        started = perf_counter()
        try:
            async with asyncio.timeout(LONGEST):
                status, headers = await self._post(f"{head}\r\nPlaid-Verification: {signature}\r\n\r\n".encode() + body)
        except (OSError, asyncio.IncompleteReadError):  # a timeout too
            self.hang_up()
            status, headers = None, ""
        return Answer(item_id, status, perf_counter() - started, headers)

    async def _post(self, request: bytes) -> tuple[int, str]:
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._open
        writer.write(request)
        headers = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = headers.partition("content-length:")[2].partition("\r\n")[0]
        await reader.readexactly(int(length))
        return int(headers.split(" ", 2)[1]), headers

    def hang_up(self) -> None:
        """Close the connection, if one is open."""
        if self._open is not None:
            self._open[1].close()
        self._open = None


@dataclass(eq=False)
class Ringer:
    """Webhooks of items called `<name>-<number>`, one for each; an async context that ends with every answer in."""

    port: int
    keys: KeyRing
    name: str
    per_second: float = 300.0
    answers: list[Answer] = field(default_factory=list)
    _enough: int | None = None
    _workers: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def __aenter__(self) -> Self:
        began, numbers = perf_counter(), self._numbers()
        self._workers = [asyncio.create_task(self._work(began, numbers)) for _ in range(AT_ONCE)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough = 0 if kind else self._enough or 0
        await asyncio.gather(*self._workers)

    def finish(self, at_least: int) -> None:
        """Ring on until at least so many were sent."""
        self._enough = at_least

    def taken(self) -> set[str]:
        """Return the items whose webhooks were answered 200."""
        return {answer.item_id for answer in self.answers if answer.status == 200}

    async def sent(self, more: int) -> None:
        """Return when so many more were answered, however."""
        wanted = len(self.answers) + more
        while len(self.answers) < wanted:  # noqa: ASYNC110 - the test is bounded as a whole
            await asyncio.sleep(0.02)

    def _numbers(self) -> Iterator[int]:
        number = 0
        while self._enough is None or number < self._enough:
            yield number
            number += 1

    async def _work(self, began: float, numbers: Iterator[int]) -> None:
        line = Line(self.port, self.keys)
        for number in numbers:
            if (early := began + number / self.per_second - perf_counter()) > 0:
                await asyncio.sleep(early)
            self.answers.append(await line.ring(f"{self.name}-{number}"))
        line.hang_up()


async def ring_again(port: int, keys: KeyRing, item_ids: Iterable[str]) -> list[Answer]:
    """Send one webhook for each item over one connection, as fast as they are answered."""
    line = Line(port, keys)
    answers = [await line.ring(item_id) for item_id in item_ids]
    line.hang_up()
    return answers


def quantile(values: Iterable[float], part: float) -> float:
    """Return the value that this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
