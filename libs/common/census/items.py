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

LIVE = "status = 'active' AND paused_at IS NULL"
"""Items that are synced; in these words, as the index of silent items has them."""
FRESHNESS = text(f"""
    SELECT extract(epoch FROM now() - moment)::float8 FROM unnest((
        SELECT percentile_disc(CAST(:ranks AS float8[])) WITHIN GROUP (ORDER BY coalesce(last_sync_at, created_at) DESC)
        FROM plaid_integrations WHERE {LIVE}
    )) WITH ORDINALITY AS oldest (moment, place) ORDER BY place
""")
STANDING = text(f"""
    WITH counted AS MATERIALIZED (
        SELECT institution_id, CASE WHEN paused_at IS NOT NULL AND status NOT IN ('removing', 'disconnected')
            THEN '{PAUSED}' ELSE status END AS state, count(*) AS items, count(last_sync_error) AS failing
        FROM plaid_integrations GROUP BY institution_id, state
    ), worst AS (
        SELECT institution_id, items, failing FROM counted
        WHERE state = 'active' AND institution_id IS NOT NULL AND items >= {LEAST_ITEMS}
        ORDER BY failing::float8 / items DESC, items DESC LIMIT {MOST_INSTITUTIONS}
    )
    SELECT state, NULL AS institution_id, sum(items)::bigint AS items, NULL AS failing FROM counted GROUP BY state
    UNION ALL
    SELECT NULL, institution_id, items, failing FROM worst
""")
"""One reading of all items for both."""


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


async def standing(session: AsyncSession) -> tuple[Mapping[str, int], list[Institution]]:
    """Return how many items are in each state, all of STATES named; and up to MOST_INSTITUTIONS, the worst first.

    Those have LEAST_ITEMS items that are synced, or more, and are told from others by the share of them that fails.
    """
    rows = (await session.execute(STANDING)).mappings().all()
    states = {row["state"]: row["items"] for row in rows if row["state"]}
    worst = [Institution(row["institution_id"], row["items"], row["failing"]) for row in rows if not row["state"]]
    return dict.fromkeys(STATES, 0) | states, sorted(worst, key=lambda one: (-one.failing_ratio, -one.items))


async def freshness(session: AsyncSession) -> Mapping[float, float]:
    """Return by quantile how many seconds ago items were last synced, or linked if never; empty without items."""
    ages = (await session.execute(FRESHNESS, {"ranks": list(QUANTILES)})).scalars().all()
    return {quantile: max(0.0, age) for quantile, age in zip(QUANTILES, ages, strict=False)}
