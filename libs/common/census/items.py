"""Items by state, how long ago each was synced, and the institutions where most of them fail."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.tables.link_api import STATUSES

PAUSED = "paused"
STATES = (*STATUSES, PAUSED)
"""What an item may be: its status, or paused by an operator, which counts instead of a status that would be synced."""
QUANTILES = (0.5, 0.9, 0.99, 1.0)
LEAST_ITEMS = 3
"""Of an institution: with fewer, one failing item would look like an institution that fails."""
MOST_INSTITUTIONS = 20

BY_STATE = text(f"""
    SELECT CASE WHEN paused_at IS NOT NULL AND status NOT IN ('removing', 'disconnected') THEN '{PAUSED}'
        ELSE status END AS state, count(*) AS count
    FROM plaid_integrations GROUP BY state
""")
LIVE = "status = 'active' AND paused_at IS NULL"
"""Items that are synced; in these words, as the index of silent items has them."""
FRESHNESS = text(f"""
    SELECT extract(epoch FROM now() - moment)::float8 FROM unnest((
        SELECT percentile_disc(CAST(:ranks AS float8[])) WITHIN GROUP (ORDER BY coalesce(last_sync_at, created_at) DESC)
        FROM plaid_integrations WHERE {LIVE}
    )) WITH ORDINALITY AS oldest (moment, place) ORDER BY place
""")
FAILING = text(f"""
    SELECT institution_id, count(*) AS items, count(last_sync_error) AS failing
    FROM plaid_integrations WHERE {LIVE} AND institution_id IS NOT NULL
    GROUP BY institution_id HAVING count(*) >= {LEAST_ITEMS}
    ORDER BY count(last_sync_error)::float8 / count(*) DESC, count(*) DESC, institution_id LIMIT {MOST_INSTITUTIONS}
""")


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution's items that are synced, and those of them whose last sync failed."""

    institution_id: str
    items: int
    failing: int

    @property
    def failing_ratio(self) -> float:
        """0 to 1."""
        return self.failing / self.items


async def by_state(session: AsyncSession) -> dict[str, int]:
    """Return how many items are in each state, all of STATES named."""
    found = (await session.execute(BY_STATE)).mappings()
    return dict.fromkeys(STATES, 0) | {row["state"]: row["count"] for row in found}


async def freshness(session: AsyncSession) -> Mapping[float, float]:
    """Return by quantile how many seconds ago items were last synced, or linked if never; empty without items."""
    ages = (await session.execute(FRESHNESS, {"ranks": list(QUANTILES)})).scalars().all()
    return {quantile: max(0.0, age) for quantile, age in zip(QUANTILES, ages, strict=False)}


async def failing(session: AsyncSession) -> list[Institution]:
    """Return up to MOST_INSTITUTIONS with LEAST_ITEMS items or more, those where the largest share fails first."""
    return [Institution(**row) for row in (await session.execute(FAILING)).mappings()]
