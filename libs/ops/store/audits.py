"""Audits: orders, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ORDER = text("""
    INSERT INTO audits (integration_id, heal)
    SELECT id, :heal FROM plaid_integrations
    WHERE status IN ('active', 'login_required') AND (:everything OR id = :integration_id OR user_id = :user_id)
    ON CONFLICT (integration_id) WHERE finished_at IS NULL
    DO UPDATE SET heal = audits.heal OR excluded.heal, due_at = least(audits.due_at, now())
    RETURNING id
""")
"""An order for an item that has one already joins it."""
LEFT = text("SELECT count(*) FROM audits WHERE id = ANY(:ids) AND finished_at IS NULL")

WHOLE_AGAIN = "i.cursor IS NOT NULL AND i.last_sync_at > a.finished_at"
BROKEN = "missing + extra + different > 0"
REREADING = text(f"""
    SELECT count(*) FROM audits a JOIN plaid_integrations i ON i.id = a.integration_id
    WHERE a.id = ANY(:ids) AND heal AND {BROKEN} AND i.status = 'active' AND i.paused_at IS NULL
        AND NOT ({WHOLE_AGAIN})
""")
RESULTS = text(f"""
    SELECT a.id AS audit_id, a.integration_id, i.item_id, coalesce(i.institution_name, i.institution_id) AS institution,
        CASE WHEN finished_at IS NULL THEN 'waits'
            WHEN error_code IS NOT NULL THEN error_code
            WHEN NOT {BROKEN} THEN 'equal'
            WHEN NOT heal THEN 'differs'
            WHEN {WHOLE_AGAIN} THEN 'reread'
            ELSE 'rereading' END AS outcome,
        compared, missing, extra, different, quarantined, coalesce(sample, '[]') AS sample
    FROM audits a JOIN plaid_integrations i ON i.id = a.integration_id
    WHERE a.id = ANY(:ids) ORDER BY a.integration_id
""")

GOOD = frozenset({"equal", "reread"})


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found. `outcome`: equal, differs, rereading, reread, waits, or why it could not be done."""

    audit_id: int
    integration_id: int
    item_id: str
    institution: str | None
    outcome: str
    compared: int | None
    missing: int | None
    extra: int | None
    different: int | None
    quarantined: int | None
    sample: Sequence[dict[str, str]]

    @property
    def good(self) -> bool:
        """Whether nothing differed, or all was read anew since; whether that left nothing, another audit tells."""
        return self.outcome in GOOD


async def order(
    session: AsyncSession,
    *,
    heal: bool,
    integration_id: int | None = None,
    user_id: int | None = None,
    everything: bool = False,
) -> list[int]:
    """Order audits of an item, of a user's items, or of all that are connected; return their ids.

    The row is the order: sync_worker's sweeps ask for a few at a time, so that thousands hold up no sync.
    """
    values = {"heal": heal, "integration_id": integration_id, "user_id": user_id, "everything": everything}
    return list((await session.execute(ORDER, values)).scalars())


async def left(session: AsyncSession, ids: Sequence[int]) -> int:
    """Return how many of these are not finished."""
    return int((await session.execute(LEFT, {"ids": list(ids)})).scalar_one())


async def rereading(session: AsyncSession, ids: Sequence[int]) -> int:
    """Return how many of these found differences and wait for the whole reading that is to mend them."""
    return int((await session.execute(REREADING, {"ids": list(ids)})).scalar_one())


async def results(session: AsyncSession, ids: Sequence[int]) -> list[Audit]:
    """Return what became of these."""
    return [Audit(**row) for row in (await session.execute(RESULTS, {"ids": list(ids)})).mappings()]
