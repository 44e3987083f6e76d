"""Institutions: Plaid's names and logos, kept for 30 days."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

FRESH = text("""
    SELECT 1 FROM institutions WHERE institution_id = :institution_id AND fetched_at > now() - interval '30 days'
""")
PUT = text("""
    INSERT INTO institutions (institution_id, name, oauth, url, primary_color, logo)
    VALUES (:institution_id, :name, :oauth, :url, :primary_color, :logo)
    ON CONFLICT (institution_id) DO UPDATE SET name = excluded.name, oauth = excluded.oauth, url = excluded.url,
        primary_color = excluded.primary_color, logo = excluded.logo, fetched_at = now()
""")


async def is_fresh(session: AsyncSession, institution_id: str) -> bool:
    """Return whether the institution needs no fetching."""
    return (await session.execute(FRESH, {"institution_id": institution_id})).one_or_none() is not None


async def put(session: AsyncSession, row: dict[str, Any]) -> None:
    """Store the institution as it is now."""
    await session.execute(PUT, row)
