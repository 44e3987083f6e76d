"""`recategorisations`: what each expense was before many were changed, kept for as long as it can be undone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.decisions import Standing
from link_api.domain.undoing import Recategorisation

DAYS = 30
"""For so long it can be undone."""
PRUNE_BATCH = 1000

KEEP = text("""
    INSERT INTO recategorisations (user_id, category, expense_ids, former_categories, former_answered_at, created_at)
    VALUES (:user_id, :category, :ids, :categories, :answered_at, :at) RETURNING id
""")
LOCK = text(f"""
    SELECT category, created_at, undone_at IS NOT NULL AS undone, expense_ids, former_categories, former_answered_at
    FROM recategorisations
    WHERE id = :id AND user_id = :user_id AND created_at > now() - interval '{DAYS} days' FOR UPDATE
""")
MARK = text("UPDATE recategorisations SET undone_at = now() WHERE id = :id")
PRUNE = text(f"""
    DELETE FROM recategorisations WHERE id IN (
        SELECT id FROM recategorisations WHERE created_at <= now() - interval '{DAYS} days' LIMIT {PRUNE_BATCH}
    )
    RETURNING id
""")


async def keep(
    session: AsyncSession, user_id: int, category: str | None, former: Sequence[Standing], at: datetime
) -> int:
    """Store what these were before; return the id that undoes it."""
    values = {
        "user_id": user_id,
        "category": category,
        "ids": [one.expense_id for one in former],
        "categories": [one.decisions.category for one in former],
        "answered_at": [one.decisions.answered_at for one in former],
        "at": at,
    }
    return int((await session.execute(KEEP, values)).scalar_one())


async def lock(session: AsyncSession, user_id: int, recategorisation_id: int) -> Recategorisation | None:
    """Lock it, before any of its expenses, and return it; None unless it is this user's and can still be undone."""
    row = (await session.execute(LOCK, {"id": recategorisation_id, "user_id": user_id})).one_or_none()
    if row is None:
        return None
    former = zip(row.former_categories, row.former_answered_at, strict=True)
    return Recategorisation(row.category, row.created_at, row.undone, dict(zip(row.expense_ids, former, strict=True)))


async def mark(session: AsyncSession, recategorisation_id: int) -> None:
    """Store that it is undone."""
    await session.execute(MARK, {"id": recategorisation_id})


async def prune(session: AsyncSession) -> int:
    """Forget up to PRUNE_BATCH that cannot be undone any more; return how many."""
    return len((await session.execute(PRUNE)).all())
