"""How often each endpoint of Plaid was called: `plaid_api_usage`, a row per endpoint and minute, kept for 30 days."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.limits import Limit, Limits, Scope

PRUNE_BATCH = 10_000
MINUTE = 60

COUNT = text("""
    WITH asynchronous AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO plaid_api_usage AS tally (endpoint, minute, calls, put_off, limited, failed)
    SELECT :endpoint, date_trunc('minute', clock_timestamp()), :calls, :put_off, :limited, :failed FROM asynchronous
    ON CONFLICT (endpoint, minute) DO UPDATE SET
        calls = tally.calls + excluded.calls, put_off = tally.put_off + excluded.put_off,
        limited = tally.limited + excluded.limited, failed = tally.failed + excluded.failed
""")
USAGE = text("""
    SELECT endpoint,
        coalesce(max(calls) FILTER (WHERE minute > now() - interval '2 minutes'), 0) AS last_minute,
        coalesce(sum(calls) FILTER (WHERE minute > now() - interval '1 hour'), 0) AS last_hour,
        sum(calls) AS last_day, sum(put_off) AS put_off, sum(limited) AS limited, sum(failed) AS failed
    FROM plaid_api_usage WHERE minute > now() - interval '24 hours' GROUP BY endpoint ORDER BY endpoint
""")
WITHIN = text("""
    SELECT endpoint, sum(calls) AS calls, max(calls) AS most
    FROM plaid_api_usage WHERE minute > now() - CAST(:window AS interval) GROUP BY endpoint
""")
PRUNE = text(f"""
    DELETE FROM plaid_api_usage WHERE (endpoint, minute) IN (
        SELECT endpoint, minute FROM plaid_api_usage WHERE minute < now() - interval '30 days' LIMIT {PRUNE_BATCH}
    )
    RETURNING endpoint
""")


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked of an endpoint within 24 hours, beside what may be asked of it in a minute."""

    endpoint: str
    last_minute: int
    """Calls in the running minute or the one before it, whichever saw more."""
    last_hour: int
    last_day: int
    put_off: int
    """Not made, for want of budget."""
    limited: int
    """Answered with 429."""
    failed: int
    """Ended in any other error."""
    limit_per_minute: int | None
    """The client's; None where there is none."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one of the client's limits is used."""

    endpoint: str
    seconds: float
    """The limit's window."""
    used: float
    """Calls of the last window, of those that may be made in one: 1 is all."""


async def usage(session: AsyncSession, limits: Limits) -> list[Usage]:
    """Return the usage of every endpoint that was called or put off within 24 hours, by its path."""
    rows = (await session.execute(USAGE)).mappings()
    return [Usage(**row, limit_per_minute=_per_minute(limits, row["endpoint"])) for row in rows]


def _per_minute(limits: Limits, endpoint: str) -> int | None:
    minutes = (limit for limit in limits.get(endpoint, ()) if limit.scope is Scope.CLIENT and limit.seconds == MINUTE)
    return next((limit.calls for limit in minutes), None)


async def shares(session: AsyncSession, limits: Limits) -> list[Share]:
    """Return how much is used of each limit that the client has, at endpoints that were called within its window.

    Counts are of whole minutes: of a limit per minute or less it is the fuller of the running one and the one before.
    """
    found: list[Share] = []
    for seconds in sorted({limit.seconds for _, limit in _of_client(limits)}):
        window = max(timedelta(seconds=seconds), timedelta(seconds=2 * MINUTE))
        rows = (await session.execute(WITHIN, {"window": window})).mappings()
        calls = {row["endpoint"]: row["most" if seconds <= MINUTE else "calls"] for row in rows}
        found += [
            Share(endpoint, seconds, float(calls[endpoint]) / (limit.calls * max(1, MINUTE / seconds)))
            for endpoint, limit in _of_client(limits)
            if limit.seconds == seconds and endpoint in calls
        ]
    return found


def _of_client(limits: Limits) -> list[tuple[str, Limit]]:
    return [(endpoint, one) for endpoint, some in limits.items() for one in some if one.scope is Scope.CLIENT]


async def count(
    session: AsyncSession, endpoint: str, *, calls: int = 0, put_off: int = 0, limited: int = 0, failed: int = 0
) -> None:
    """Add to this minute's row; the commit does not wait for the disk: a crash may forget the last moments."""
    counts = {"calls": calls, "put_off": put_off, "limited": limited, "failed": failed}
    await session.execute(COUNT, {"endpoint": endpoint} | counts)


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH rows older than 30 days; return how many."""
    return len((await session.execute(PRUNE)).all())
