"""How often a user may call, however many processes serve: PostgreSQL counts, a refusal is remembered here."""

import time
from collections.abc import Callable
from math import ceil

from prometheus_client import Counter

from common.database import Database
from common.web import Problem
from link_api.domain.quotas import Quota, Standing
from link_api.store import quotas

REFUSED = Counter("api_calls_limited_total", "Calls answered 429: their user had used the whole quota")

MOST_REMEMBERED = 10_000


class Rates:
    """Counts the calls of each user. While one's quota is used up, further calls are refused without a query."""

    def __init__(self, database: Database, quota: Quota | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._quota = quota
        self._clock = clock
        self._used_until: dict[int, float] = {}

    async def take(self, user_id: int) -> Standing | None:
        """Count a call and return what is left, None where there is no limit; raise a 429 Problem when none was."""
        if self._quota is None:
            return None
        wait = self._used_until.get(user_id, 0.0) - self._clock()
        if wait > 0:
            raise _limited(Standing(self._quota, 0, wait))
        try:
            async with self._database.transaction() as session:
                used = await quotas.take(session, user_id, self._quota)
        except quotas.Used as refusal:
            self._remember(user_id, refusal.wait)
            raise _limited(Standing(self._quota, 0, refusal.wait)) from None
        self._used_until.pop(user_id, None)
        return Standing(self._quota, self._quota.left(used), used)

    def _remember(self, user_id: int, wait: float) -> None:
        if len(self._used_until) >= MOST_REMEMBERED:
            self._used_until.clear()
        self._used_until[user_id] = self._clock() + wait


def _limited(standing: Standing) -> Problem:
    REFUSED.inc()
    seconds = max(1, ceil(standing.seconds))
    detail = f"You have made all the calls of now; the next may come in {seconds} s."
    headers = standing.headers | {"Retry-After": str(seconds)}
    return Problem(429, detail, code="rate_limited", retryable=True, headers=headers)
