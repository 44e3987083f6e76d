"""Institutions: Plaid's names and logos, fetched again when they are 30 days old.

A claim stands in a table of its own: `fetched_at` says when Plaid answered and nothing else, whoever dies meanwhile.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

OLD = "interval '30 days'"

FRESH = text(f"""
    SELECT 1 FROM institutions WHERE institution_id = :institution_id AND fetched_at > now() - {OLD}
""")
PUT = text("""
    WITH answered AS (DELETE FROM institution_fetches WHERE institution_id = :institution_id)
    INSERT INTO institutions (institution_id, name, oauth, url, primary_color, logo)
    VALUES (:institution_id, :name, :oauth, :url, :primary_color, :logo)
    ON CONFLICT (institution_id) DO UPDATE SET name = excluded.name, oauth = excluded.oauth, url = excluded.url,
        primary_color = excluded.primary_color, logo = excluded.logo, fetched_at = now()
""")
CLAIM_OLD = text(f"""
    INSERT INTO institution_fetches AS f (institution_id, not_before)
    SELECT old.institution_id, now() + :claim
    FROM (
        SELECT i.institution_id
        FROM plaid_integrations i
        LEFT JOIN institutions n ON n.institution_id = i.institution_id
        LEFT JOIN institution_fetches f ON f.institution_id = i.institution_id
        WHERE i.is_active AND i.institution_id IS NOT NULL
            AND (n.fetched_at IS NULL OR n.fetched_at <= now() - {OLD})
            AND (f.not_before IS NULL OR f.not_before <= now())
        GROUP BY i.institution_id, n.fetched_at
        ORDER BY n.fetched_at NULLS FIRST, i.institution_id LIMIT :most
    ) old
    ORDER BY old.institution_id
    ON CONFLICT (institution_id) DO UPDATE SET not_before = excluded.not_before WHERE f.not_before <= now()
    RETURNING institution_id
""")
"""Of two that claim at once, the second waits for the first to commit and then finds it claimed: milliseconds."""
PUT_OFF = text("UPDATE institution_fetches SET not_before = now() + :pause WHERE institution_id = :institution_id")


async def is_fresh(session: AsyncSession, institution_id: str) -> bool:
    """Return whether the institution needs no fetching."""
    return (await session.execute(FRESH, {"institution_id": institution_id})).one_or_none() is not None


async def put(session: AsyncSession, row: dict[str, Any]) -> None:
    """Store the institution as it is now."""
    await session.execute(PUT, row)


async def claim_old(session: AsyncSession, most: int, claim: timedelta) -> Sequence[str]:
    """Claim up to `most` institutions of connected banks that are unknown or old, for `claim`; unknown ones first."""
    rows = await session.execute(CLAIM_OLD, {"most": most, "claim": claim})
    return rows.scalars().all()


async def put_off(session: AsyncSession, institution_id: str, pause: timedelta) -> None:
    """Let nobody fetch it for a while."""
    await session.execute(PUT_OFF, {"institution_id": institution_id, "pause": pause})
