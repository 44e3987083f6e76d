"""What a user's answer bears on: open questions about the same merchant, and what was decided by an answer alone."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.store.transactions import DECIDING, Undecided
from common.database import reach_by_index

AWAIT = text(f"SELECT pg_advisory_xact_lock({DECIDING}, :user_id)")

# The answered expenses' merchants, each with the direction of the money; `bare` where no answer is left.
OF_SAME_MERCHANT = """
    e.user_id = :user_id AND e.user_category_id IS NULL AND e.reviewed_at IS NULL AND EXISTS (
        SELECT FROM answered a
        WHERE (a.merchant = e.merchant OR a.merchant_entity_id = e.merchant_entity_id) AND a.money_in = (e.amount < 0)
    )
"""
ANSWER_LEFT = """
    SELECT FROM expenses x WHERE x.user_id = :user_id AND x.answered_at IS NOT NULL AND x.merchant = {0}.merchant
        AND (x.amount < 0) = {1}
    UNION ALL
    SELECT FROM expenses x WHERE x.user_id = :user_id AND x.answered_at IS NOT NULL
        AND x.merchant_entity_id = {0}.merchant_entity_id AND (x.amount < 0) = {1}
"""
FOUND = text(f"""
    WITH answered AS MATERIALIZED (
        SELECT DISTINCT nullif(merchant, '') AS merchant, merchant_entity_id, amount < 0 AS money_in
        FROM expenses WHERE user_id = :user_id AND id = ANY(CAST(:ids AS bigint[]))
    )
    SELECT e.transaction_id FROM expenses e
    WHERE {OF_SAME_MERCHANT} AND e.needs_review AND e.withdrawn_at IS NULL
    UNION
    SELECT e.transaction_id FROM expenses e
    WHERE {OF_SAME_MERCHANT} AND e.source = 'memory' AND NOT e.needs_review
        AND EXISTS (SELECT FROM answered a WHERE NOT EXISTS ({ANSWER_LEFT.format("a", "a.money_in")}))
        AND NOT EXISTS ({ANSWER_LEFT.format("e", "(e.amount < 0)")})
""")
LOCK = text("""
    SELECT id, integration_id, now() AS since FROM plaid_transactions WHERE id = ANY(CAST(:ids AS bigint[]))
    ORDER BY transaction_id FOR NO KEY UPDATE
""")
FORGET = text("UPDATE plaid_transactions SET decided_version = 0 WHERE id = ANY(CAST(:ids AS bigint[]))")


async def await_decisions(session: AsyncSession, user_id: int) -> None:
    """Return when every decision for the user that is under way has ended: it may not have known the answer.

    Whatever begins to be decided from here on knows it.
    """
    await session.execute(AWAIT, {"user_id": user_id})


async def forget(session: AsyncSession, user_id: int, expense_ids: Sequence[int]) -> list[Undecided]:
    """Take the mark of being decided from what the answers about these bear on, and return it."""
    await reach_by_index(session)
    found = (await session.execute(FOUND, {"user_id": user_id, "ids": list(expense_ids)})).scalars().all()
    locked = [Undecided(*row) for row in await session.execute(LOCK, {"ids": list(found)})]
    await session.execute(FORGET, {"ids": [one.id for one in locked]})
    return locked
