"""Plaid's rate limits (https://plaid.com/docs/errors/rate-limit-exceeded), counted in sliding windows."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from plaid_sandbox.errors import PlaidError

FIRST_PAGES = "/transactions/sync without a cursor"
Table = Literal["off", "sandbox", "production"]


class Most(NamedTuple):
    """The most calls in a minute, an hour and a day; None is no limit."""

    minute: int | None = None
    hour: int | None = None
    day: int | None = None


class Limit(NamedTuple):
    """What one Item and one client may call, and the code of the 429."""

    item: Most
    client: Most
    code: str = "RATE_LIMIT"


_WINDOWS = Most(60, 3600, 86_400)
_ANY = Most()
_SYNC, _REFRESH = "TRANSACTIONS_SYNC_LIMIT", "TRANSACTIONS_REFRESH_LIMIT"

PRODUCTION = {
    "/transactions/sync": Limit(Most(50), Most(2500), _SYNC),
    FIRST_PAGES: Limit(_ANY, Most(500), _SYNC),
    "/transactions/refresh": Limit(Most(2, 120, 2880), Most(100, 18_000, 432_000), _REFRESH),
    "/accounts/get": Limit(Most(15), Most(15_000), "ACCOUNTS_LIMIT"),
    "/accounts/balance/get": Limit(Most(5, 30), Most(1200), "BALANCE_LIMIT"),
    "/item/get": Limit(Most(15), Most(5000), "ITEM_GET_LIMIT"),
    "/item/remove": Limit(Most(20), Most(2000)),
    "/item/webhook/update": Limit(Most(15), Most(5000)),
    "/item/public_token/exchange": Limit(_ANY, Most(12_000)),
    "/link/token/create": Limit(_ANY, Most(20_000)),
    "/link/token/get": Limit(_ANY, Most(30_000)),
    "/institutions/get_by_id": Limit(_ANY, Most(400), "INSTITUTIONS_GET_BY_ID_LIMIT"),
    "/institutions/get": Limit(_ANY, Most(50), "INSTITUTIONS_GET_LIMIT"),
    "/webhook_verification_key/get": Limit(_ANY, Most(500)),
}
SANDBOX = PRODUCTION | {
    "/transactions/sync": Limit(Most(50), Most(1000), _SYNC),
    FIRST_PAGES: Limit(_ANY, Most(250), _SYNC),
    "/transactions/refresh": Limit(Most(2, 120, 2880), Most(100, 6000, 144_000), _REFRESH),
    "/accounts/get": Limit(Most(100), Most(5000), "ACCOUNTS_LIMIT"),
    "/accounts/balance/get": Limit(Most(25, 1500), Most(1200), "BALANCE_LIMIT"),
    "/item/get": Limit(Most(40), Most(5000), "ITEM_GET_LIMIT"),
    "/item/remove": Limit(Most(100), Most(500)),
    "/institutions/get": Limit(_ANY, Most(10), "INSTITUTIONS_GET_LIMIT"),
    "/sandbox/public_token/create": Limit(_ANY, Most(30)),
    "/sandbox/item/fire_webhook": Limit(Most(100), Most(500)),
    "/sandbox/item/reset_login": Limit(Most(30), Most(500)),
    "/sandbox/transactions/create": Limit(Most(2), Most(50)),
}
_TABLES: Mapping[Table, Mapping[str, Limit]] = {"off": {}, "sandbox": SANDBOX, "production": PRODUCTION}


def limits_of(table: Table) -> Mapping[str, Limit]:
    """Return the limits of this table by path."""
    return _TABLES[table]


@dataclass(slots=True)
class Count:
    """How many calls were let through, and how many were refused."""

    calls: int = 0
    refused: int = 0


class Limiter:
    """Counts calls and refuses those over a limit; a refused call uses nothing up."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self.counts: defaultdict[str, Count] = defaultdict(Count)
        self._begin(limits, None)

    def set(self, limits: Mapping[str, Limit], retry_after: int | None) -> None:
        """Hold these limits from now on; what was called before does not count against them."""
        self._begin(limits, retry_after)

    def count(self, paths: Sequence[str], *, client: str, item_id: str | None, now: datetime) -> None:
        """Count a call that goes by these names, or raise the 429 of the first that has no more left."""
        entered: list[deque[datetime]] = []
        for path in paths:
            for calls, most in self._windows(path, client, item_id, now):
                if len(calls) >= most:
                    self.counts[path].refused += 1
                    raise PlaidError(self._limits[path].code, retry_after=self._retry_after)
                entered.append(calls)
        for calls in entered:
            calls.append(now)
        for path in paths:
            self.counts[path].calls += 1

    def _begin(self, limits: Mapping[str, Limit], retry_after: int | None) -> None:
        self._limits = limits
        self._retry_after = retry_after
        self._calls: defaultdict[tuple[str, str, int], deque[datetime]] = defaultdict(deque)

    def _windows(
        self, path: str, client: str, item_id: str | None, now: datetime
    ) -> Iterator[tuple[deque[datetime], int]]:
        """Yield the calls of each window that is limited, and the most there may be."""
        limit = self._limits.get(path)
        if limit is None:
            return
        callers = [(f"client {client}", limit.client)]
        if item_id is not None:
            callers.append((f"item {item_id}", limit.item))
        for caller, allowed in callers:
            for seconds, most in zip(_WINDOWS, allowed, strict=True):
                if seconds is not None and most is not None:
                    yield self._within(path, caller, seconds, now), most

    def _within(self, path: str, caller: str, seconds: int, now: datetime) -> deque[datetime]:
        calls = self._calls[path, caller, seconds]
        while calls and calls[0] <= now - timedelta(seconds=seconds):
            calls.popleft()
        return calls
