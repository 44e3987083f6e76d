"""How much of their quota users have used: a bucket each, whose `empty_at` is when all of it is back."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.quotas import Quota

TAKE = text("""
    INSERT INTO rate_buckets AS bucket (key, empty_at) VALUES (:key, clock_timestamp() + CAST(:pause AS interval))
    ON CONFLICT (key) DO UPDATE SET empty_at = greatest(bucket.empty_at, clock_timestamp())
        + CAST(:pause AS interval)
    WHERE bucket.empty_at <= clock_timestamp() + CAST(:room AS interval)
    RETURNING extract(epoch FROM empty_at - clock_timestamp())::float8
""")
WAIT = text("""
    SELECT extract(epoch FROM empty_at - clock_timestamp() - CAST(:room AS interval))::float8
    FROM rate_buckets WHERE key = :key
""")


class Used(Exception):
    """The whole quota is used; `wait` seconds from now there is a call again."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"for {wait:g} s")
        self.wait = wait


async def take(session: AsyncSession, user_id: int, quota: Quota) -> float:
    """Count a call of this user; return in how many seconds all that was used is back. Raises Used, nothing counted."""
    values = {"key": f"api: user {user_id}", "room": quota.pause * (quota.calls - 1)}
    used: float | None = await session.scalar(TAKE, values | {"pause": quota.pause})
    if used is None:
        raise Used(max(0.0, await session.scalar(WAIT, values) or 0.0))
    return used
