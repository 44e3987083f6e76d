"""How full the buckets are: `rate_buckets`, one row each, whose `empty_at` is when it will be empty.

Rows are locked in the order of their keys, and before `plaid_api_usage`, so that takers never wait in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.budget.buckets import Bucket
from common.plaid.spending import Priority

MOST_SLOWDOWN = 16.0
BACK_OFF = timedelta(seconds=2)
"""How long nobody calls after a 429 without Retry-After, times the slow-down that it brings."""
NEARLY_FULL = 0.8
"""How full the client's bucket is when a 429 is as likely to be the client's as the item's."""
PRUNE_BATCH = 10_000

SLOWDOWN = """
    (1 + (bucket.slowdown - 1)
       * coalesce(greatest(0, 1 - extract(epoch FROM clock_timestamp() - bucket.slowed_at)::float8 / 600), 0))
"""
"""Falls back to 1 within ten minutes."""
FILL = text(f"""
    WITH wanted AS (
        SELECT key, pause FROM unnest(CAST(:keys AS text[]), CAST(:pauses AS interval[])) AS wanted (key, pause)
    )
    INSERT INTO rate_buckets AS bucket (key, empty_at)
    SELECT key, clock_timestamp() + pause FROM wanted ORDER BY key
    ON CONFLICT (key) DO UPDATE SET empty_at = greatest(bucket.empty_at, clock_timestamp())
        + (SELECT pause FROM wanted WHERE wanted.key = bucket.key) * {SLOWDOWN}
    RETURNING key, empty_at, {SLOWDOWN} AS slowdown, clock_timestamp() AS now
""")
RAISE = text("""
    UPDATE rate_buckets AS bucket SET empty_at = later.empty_at
    FROM unnest(CAST(:keys AS text[]), CAST(:moments AS timestamptz[])) AS later (key, empty_at)
    WHERE bucket.key = later.key
""")
READ = text(f"""
    SELECT key, empty_at, slowdown AS stored, slowed_at, {SLOWDOWN} AS slowdown, clock_timestamp() AS now
    FROM rate_buckets AS bucket WHERE key = ANY(CAST(:keys AS text[])) ORDER BY key FOR UPDATE
""")
OTHERS = text("""
    SELECT EXISTS (
        SELECT FROM rate_buckets
        WHERE slowed_at > clock_timestamp() - interval '1 minute' AND key LIKE '%: integration %'
            AND split_part(key, ': ', 2) <> split_part(:key, ': ', 2)
            AND split_part(key, ' in ', 1) = split_part(:key, ' in ', 1)
    )
""")
"""Whether other items than the bucket's were limited at its endpoint within a minute."""
SLOW = text("""
    UPDATE rate_buckets SET empty_at = greatest(empty_at, :empty_at), slowdown = :slowdown, slowed_at = :slowed_at
    WHERE key = :key
""")
PRUNE = text(f"""
    DELETE FROM rate_buckets WHERE key IN (
        SELECT key FROM rate_buckets
        WHERE empty_at < now() - interval '10 minutes'
        LIMIT {PRUNE_BATCH} FOR UPDATE SKIP LOCKED
    )
    RETURNING key
""")


@dataclass(frozen=True, slots=True)
class Turn:
    """When a call may be made, by the database's clock."""

    now: datetime
    at: datetime

    @property
    def wait(self) -> timedelta:
        """How long that is from now."""
        return self.at - self.now


@dataclass(frozen=True, slots=True)
class Level:
    """A bucket as it is now."""

    bucket: Bucket
    empty_at: datetime
    slowdown: float
    now: datetime

    @property
    def cost(self) -> float:
        """Seconds by which a call fills it."""
        return self.bucket.pause * self.slowdown

    def due(self, priority: Priority) -> datetime:
        """Return when the call that was the last to be counted may be made."""
        return self.empty_at - timedelta(seconds=max(self.bucket.allowance(priority), self.cost))

    @property
    def fullness(self) -> float:
        """How much of the burst is used: 1 is all of it."""
        return (self.empty_at - self.now).total_seconds() / (self.bucket.burst * self.bucket.pause)


async def fill(session: AsyncSession, buckets: Sequence[Bucket], priority: Priority) -> Turn:
    """Count a call in all buckets, of which there is at least one, and return its turn.

    A call that waits for one bucket is made later than it was counted in the others. Where that matters they count it
    as of then, so that no window sees too many.
    """
    values = {"keys": [b.key for b in buckets], "pauses": [timedelta(seconds=b.pause) for b in buckets]}
    by_key = {bucket.key: bucket for bucket in buckets}
    rows = (await session.execute(FILL, values)).all()
    levels = [_level(by_key[row.key], row) for row in rows]
    now = max(level.now for level in levels)
    at = max(now, *(level.due(priority) for level in levels))
    late = [level for level in levels if (at - level.empty_at).total_seconds() > level.bucket.slack - level.cost]
    if late:
        moments = [at + timedelta(seconds=level.cost) for level in late]
        await session.execute(RAISE, {"keys": [level.bucket.key for level in late], "moments": moments})
    return Turn(now, at)


async def slow(session: AsyncSession, buckets: Sequence[Bucket], retry_after: float | None) -> list[str]:
    """Slow down the item's bucket after a 429 of this call, or the client's if it has none; return the keys of all.

    A 429 where we see room says that Plaid counts something else, and not what: only its own item is held up. The
    client's bucket backs off too when it is nearly full, or when another item was limited within the last minute.
    """
    rows = {row.key: row for row in await session.execute(READ, {"keys": [bucket.key for bucket in buckets]})}
    levels = [_level(bucket, rows[bucket.key]) for bucket in buckets if bucket.key in rows]
    levels.sort(key=lambda level: level.fullness, reverse=True)
    item = next((level for level in levels if level.bucket.of_item), None)
    client = next((level for level in levels if not level.bucket.of_item), None)
    slowed = {}
    if item:
        slowed[item] = retry_after
    if client and (item is None or client.fullness >= NEARLY_FULL or await _others(session, item)):
        slowed[client] = None if item else retry_after
    for level, seconds in slowed.items():
        await _hold_up(session, level, rows[level.bucket.key], seconds)
    return [level.bucket.key for level in slowed]


def _level(bucket: Bucket, row: Row[Any]) -> Level:
    return Level(bucket, row.empty_at, row.slowdown, row.now)


async def _others(session: AsyncSession, item: Level) -> bool:
    return bool(await session.scalar(OTHERS, {"key": item.bucket.key}))


async def _hold_up(session: AsyncSession, level: Level, row: Row[Any], retry_after: float | None) -> None:
    """Let nobody call before `retry_after` seconds, or a back-off that doubles while 429s go on; then half as fast.

    A bucket that is everybody's is held up for its window at most.
    """
    bucket, slowdown, slowed_at = level.bucket, row.stored, row.slowed_at
    if slowed_at is None or level.now > slowed_at + BACK_OFF * slowdown:  # else the call was made before we knew
        slowdown, slowed_at = min(MOST_SLOWDOWN, 2 * level.slowdown), level.now
    pause = BACK_OFF * slowdown if retry_after is None else timedelta(seconds=retry_after)
    if not bucket.of_item:
        pause = min(pause, timedelta(seconds=bucket.window))
    empty_at = level.now + pause + timedelta(seconds=(bucket.burst - 1) * bucket.pause)
    values = {"key": bucket.key, "empty_at": empty_at, "slowdown": slowdown, "slowed_at": slowed_at}
    await session.execute(SLOW, values)


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH buckets that were empty for so long that they go at full speed; return how many."""
    return len((await session.execute(PRUNE)).all())
