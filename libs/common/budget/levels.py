"""How full the buckets are: `rate_buckets`, one row each, whose `empty_at` is when it will be empty.

Rows are locked in the order of their keys, and before `plaid_api_usage`, so that takers never wait in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.budget.buckets import Bucket
from common.plaid.spending import Priority

MOST_SLOWDOWN = 16.0
BACK_OFF = timedelta(seconds=2)
"""How long nobody calls after a 429 without Retry-After, times the slow-down that it brings."""
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
    levels = [Level(by_key[row.key], row.empty_at, row.slowdown, row.now) for row in rows]
    now = max(level.now for level in levels)
    at = max(now, *(level.due(priority) for level in levels))
    late = [level for level in levels if (at - level.empty_at).total_seconds() > level.bucket.slack - level.cost]
    if late:
        moments = [at + timedelta(seconds=level.cost) for level in late]
        await session.execute(RAISE, {"keys": [level.bucket.key for level in late], "moments": moments})
    return Turn(now, at)


async def slow(session: AsyncSession, buckets: Sequence[Bucket], retry_after: float | None) -> str | None:
    """Slow down the fullest of the buckets after a 429 of this call, and return its key: it is to blame.

    Nobody calls before `retry_after` seconds, or a back-off that doubles while 429s go on, are over; then half as fast.
    """
    by_key = {bucket.key: bucket for bucket in buckets}
    rows = (await session.execute(READ, {"keys": list(by_key)})).all()
    if not rows:
        return None
    levels = {Level(by_key[row.key], row.empty_at, row.slowdown, row.now): row for row in rows}
    fullest = max(levels, key=lambda level: level.fullness)
    row, bucket = levels[fullest], fullest.bucket
    slowdown, slowed_at = row.stored, row.slowed_at
    if slowed_at is None or fullest.now > slowed_at + BACK_OFF * slowdown:  # else the call was made before we knew
        slowdown, slowed_at = min(MOST_SLOWDOWN, 2 * fullest.slowdown), fullest.now
    pause = BACK_OFF * slowdown if retry_after is None else timedelta(seconds=retry_after)
    empty_at = fullest.now + pause + timedelta(seconds=(bucket.burst - 1) * bucket.pause)
    values = {"key": bucket.key, "empty_at": empty_at, "slowdown": slowdown, "slowed_at": slowed_at}
    await session.execute(SLOW, values)
    return bucket.key


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH buckets that were empty for so long that they go at full speed; return how many."""
    return len((await session.execute(PRUNE)).all())
