"""What `ops status` tells beside the census: what waits to be published, and what has broken off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

OUTBOX = text("""
    SELECT count(*) FILTER (WHERE dead_at IS NULL) AS waiting, count(dead_at) AS buried,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE dead_at IS NULL)), 0)::float8 AS oldest
    FROM outbox
""")
NAMES = text("""
    SELECT DISTINCT ON (institution_id) institution_id, institution_name FROM plaid_integrations
    WHERE institution_id = ANY(:ids) AND institution_name IS NOT NULL ORDER BY institution_id
""")


@dataclass(frozen=True, slots=True)
class Outbox:
    """Events that wait to be published and the age of their oldest in seconds, and those that no queue takes."""

    waiting: int
    buried: int
    oldest: float


async def outbox(session: AsyncSession) -> Outbox:
    """Return how the outbox stands."""
    return Outbox(**(await session.execute(OUTBOX)).mappings().one())


async def names(session: AsyncSession, ids: Sequence[str]) -> Mapping[str, str]:
    """Return what these institutions are called, as far as we know."""
    rows = await session.execute(NAMES, {"ids": list(ids)})
    return {row.institution_id: row.institution_name for row in rows}
