"""Plaid's rate limits (https://plaid.com/docs/errors/rate-limit-exceeded), counted in sliding minutes."""

from collections import deque
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from plaid_sandbox.errors import PlaidError

_MINUTE = timedelta(minutes=1)
FIRST_PAGES = "/transactions/sync without a cursor"


class Limit(NamedTuple):
    """Calls a minute per Item and per client; the code of the 429."""

    item: int | None
    client: int | None
    code: str = "RATE_LIMIT"


PRODUCTION = {
    "/transactions/sync": Limit(50, 2500, "TRANSACTIONS_SYNC_LIMIT"),
    FIRST_PAGES: Limit(None, 500, "TRANSACTIONS_SYNC_LIMIT"),
    "/transactions/refresh": Limit(2, 100, "TRANSACTIONS_REFRESH_LIMIT"),
    "/accounts/get": Limit(15, 15_000, "ACCOUNTS_LIMIT"),
    "/accounts/balance/get": Limit(5, 1200, "BALANCE_LIMIT"),
    "/item/get": Limit(15, 5000, "ITEM_GET_LIMIT"),
    "/item/remove": Limit(20, 2000),
    "/item/webhook/update": Limit(15, 5000),
    "/item/public_token/exchange": Limit(None, 12_000),
    "/link/token/create": Limit(None, 20_000),
    "/link/token/get": Limit(None, 30_000),
    "/institutions/get_by_id": Limit(None, 400, "INSTITUTIONS_GET_BY_ID_LIMIT"),
    "/institutions/get": Limit(None, 50, "INSTITUTIONS_GET_LIMIT"),
    "/webhook_verification_key/get": Limit(None, 500),
}
SANDBOX = PRODUCTION | {
    "/transactions/sync": Limit(50, 1000, "TRANSACTIONS_SYNC_LIMIT"),
    FIRST_PAGES: Limit(None, 250, "TRANSACTIONS_SYNC_LIMIT"),
    "/accounts/get": Limit(100, 5000, "ACCOUNTS_LIMIT"),
    "/accounts/balance/get": Limit(25, 1200, "BALANCE_LIMIT"),
    "/item/get": Limit(40, 5000, "ITEM_GET_LIMIT"),
    "/item/remove": Limit(100, 500),
    "/institutions/get": Limit(None, 10, "INSTITUTIONS_GET_LIMIT"),
    "/sandbox/public_token/create": Limit(None, 30),
    "/sandbox/item/fire_webhook": Limit(100, 500),
    "/sandbox/item/reset_login": Limit(30, 500),
    "/sandbox/transactions/create": Limit(2, 50),
}
_TABLES = {"off": dict[str, Limit](), "sandbox": SANDBOX, "production": PRODUCTION}


class Limiter:
    """Counts calls and refuses those over a limit; a refused call is not counted."""

    def __init__(self, table: Literal["off", "sandbox", "production"]) -> None:
        self._limits = _TABLES[table]
        self._calls: dict[tuple[str, str], deque[datetime]] = {}

    def count(self, path: str, *, client: str, item_id: str | None, now: datetime) -> None:
        """Count this call, or raise the 429 of its path."""
        if (limit := self._limits.get(path)) is None:
            return
        windows = [
            (self._window(path, caller, now), most)
            for caller, most in (
                (f"client {client}", limit.client),
                (f"item {item_id}", limit.item if item_id else None),
            )
            if most is not None
        ]
        if any(len(calls) >= most for calls, most in windows):
            raise PlaidError(limit.code)
        for calls, _ in windows:
            calls.append(now)

    def _window(self, path: str, caller: str, now: datetime) -> deque[datetime]:
        calls = self._calls.setdefault((path, caller), deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        return calls
