"""A client of Plaid's that keeps the rules: it begins a loop again where it must, and comes again where it may."""

from collections import Counter
from typing import Any

import httpx2

from tests.plaid_sandbox.running import Reader, StandIn, exact

_MOST = 200


class Client:
    """Follows one Item; `troubles` counts what it met on the way. A 429 fails a page, all else the loop."""

    def __init__(self, stand_in: StandIn, access_token: str) -> None:
        self.reader = Reader()
        self.troubles: Counter[str] = Counter()
        self._stand_in = stand_in
        self._access_token = access_token

    async def sync(self) -> None:
        """Read a whole loop, however often that takes."""
        for _ in range(_MOST):
            if (pages := await self._loop()) is not None:
                self.reader.apply(pages)
                return
        raise AssertionError(f"no loop came to its end: {self.troubles}")

    async def _loop(self) -> list[Any] | None:
        pages: list[Any] = []
        cursor = self.reader.cursor
        while not pages or pages[-1]["has_more"]:
            page = await self._page(cursor)
            if page is None:
                return None
            pages.append(page)
            cursor = page["next_cursor"]
        return pages

    async def _page(self, cursor: str) -> Any | None:
        body = {"access_token": self._access_token, "cursor": cursor, "count": 500}
        try:
            answer = await self._stand_in.send("/transactions/sync", body)
        except httpx2.RemoteProtocolError:
            self.troubles["cut"] += 1
            return None
        if answer.status_code == httpx2.codes.OK:
            return exact(answer)
        code = "gateway" if answer.status_code == httpx2.codes.BAD_GATEWAY else answer.json()["error_code"]
        self.troubles[code] += 1
        if code == "INVALID_FIELD":
            self.reader = Reader()
        if "Retry-After" in answer.headers:
            await self._stand_in.post("/sandbox_control/clock/advance", seconds=int(answer.headers["Retry-After"]))
        return await self._page(cursor) if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS else None
