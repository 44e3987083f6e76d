"""The columns of `expenses` that hold what the user decided; nobody else writes them."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.decisions import Decisions, Standing

# The transaction, then its expense, several in transaction_id order: as the categorizer locks them. So whoever comes
# second sees what the first one wrote.
LOCK = text("""
    SELECT id FROM plaid_transactions WHERE id = ANY(ARRAY(
        SELECT transaction_id FROM expenses WHERE user_id = :user_id AND id = ANY(CAST(:ids AS bigint[]))
    ))
    ORDER BY transaction_id FOR NO KEY UPDATE
""")
READ = text("""
    SELECT e.id, e.transaction_id, t.integration_id, e.auto_category, e.source, e.needs_review AS asks,
        e.user_category_id, e.note, e.excluded, e.reviewed_at IS NOT NULL AS reviewed, e.reviewed_category,
        e.answered_at
    FROM expenses e JOIN plaid_transactions t ON t.id = e.transaction_id
    WHERE e.user_id = :user_id AND e.id = ANY(CAST(:ids AS bigint[]))
    ORDER BY e.id
""")
WRITE = text("""
    UPDATE expenses e SET user_category_id = d.category, note = d.note, excluded = d.excluded,
        reviewed_at = CASE WHEN d.reviewed THEN coalesce(e.reviewed_at, now()) END,
        reviewed_category = d.confirmed, answered_at = d.answered_at
    FROM unnest(CAST(:ids AS bigint[]), CAST(:categories AS text[]), CAST(:notes AS text[]),
        CAST(:excluded AS boolean[]), CAST(:reviewed AS boolean[]), CAST(:confirmed AS text[]),
        CAST(:answered_at AS timestamptz[]))
        AS d(id, category, note, excluded, reviewed, confirmed, answered_at)
    WHERE e.id = d.id AND e.user_id = :user_id
""")


async def lock(session: AsyncSession, user_id: int, ids: Sequence[int]) -> list[Standing]:
    """Lock those of these expenses that are the user's, and return them as they then stand, by id."""
    values = {"user_id": user_id, "ids": list(ids)}
    await session.execute(LOCK, values)
    return [
        Standing(
            row.id,
            row.transaction_id,
            row.integration_id,
            row.auto_category,
            row.source,
            row.asks,
            Decisions(
                row.user_category_id, row.note, row.excluded, row.reviewed, row.reviewed_category, row.answered_at
            ),
        )
        for row in await session.execute(READ, values)
    ]


async def write(session: AsyncSession, user_id: int, decided: Sequence[Standing]) -> None:
    """Store the decisions about these locked expenses."""
    decisions = [one.decisions for one in decided]
    values = {
        "user_id": user_id,
        "ids": [one.expense_id for one in decided],
        "categories": [one.category for one in decisions],
        "notes": [one.note for one in decisions],
        "excluded": [one.excluded for one in decisions],
        "reviewed": [one.reviewed for one in decisions],
        "confirmed": [one.confirmed for one in decisions],
        "answered_at": [one.answered_at for one in decisions],
    }
    await session.execute(WRITE, values)
