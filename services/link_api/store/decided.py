"""Transactions that are decided, and the mark of it, which is taken away where they shall be decided anew."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.rule_effects import Decided

BATCH = 1000
"""Rows in memory at a time, however many a user has."""

# What may be an expense: as the categorizer says it of one that it decides.
DECIDED = """
    SELECT t.id, t.integration_id, t.account_id, t.amount, t.iso_currency_code, t.unofficial_currency_code, t.name,
        t.merchant_name, CASE WHEN e.withdrawn_at IS NULL THEN e.auto_category END AS category,
        e.user_category_id IS NOT NULL AS chosen,
        coalesce(e.needs_review AND e.reviewed_at IS NULL AND e.withdrawn_at IS NULL, false) AS asks, e.rule_id
    FROM plaid_integrations i
    JOIN plaid_transactions t ON t.integration_id = i.id
    JOIN plaid_accounts a ON a.id = t.account_id
    LEFT JOIN expenses e ON e.transaction_id = t.id
    WHERE i.user_id = :user_id AND a.enabled AND t.sync_status = 'synced' AND NOT t.pending AND t.amount <> 0
        AND t.decided_version >= t.version
        AND NOT EXISTS (
            SELECT FROM plaid_transactions p WHERE p.pending_transaction_id = t.transaction_id
                AND p.integration_id = t.integration_id AND p.sync_status = 'synced' AND NOT p.pending
        )
"""
EVERY = text(f"{DECIDED} ORDER BY t.date DESC, t.id DESC")
SOME = text(f"{DECIDED} AND t.id = ANY(CAST(:ids AS bigint[]))")
LOCK = text("""
    SELECT 1 FROM plaid_transactions WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY transaction_id FOR NO KEY UPDATE
""")
FORGET = text("UPDATE plaid_transactions SET decided_version = 0 WHERE id = ANY(CAST(:ids AS bigint[]))")
SHOWN = text("""
    SELECT t.id, e.id AS expense_id, coalesce(t.authorized_date, t.date) AS date, t.name AS description,
        t.merchant_name AS vendor, t.amount, t.iso_currency_code, t.unofficial_currency_code,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask
    FROM plaid_transactions t
    JOIN plaid_integrations i ON i.id = t.integration_id
    JOIN plaid_accounts a ON a.id = t.account_id
    LEFT JOIN expenses e ON e.transaction_id = t.id
    WHERE i.user_id = :user_id AND t.id = ANY(CAST(:ids AS bigint[]))
    ORDER BY t.date DESC, t.id DESC
""")


async def every(session: AsyncSession, user_id: int) -> AsyncIterator[Decided]:
    """Yield each of the user's transactions that is decided and that a rule may make an expense of, newest first."""
    rows = await session.stream(EVERY, {"user_id": user_id}, execution_options={"yield_per": BATCH})
    async for row in rows:
        yield Decided(*row)


async def lock(session: AsyncSession, user_id: int, ids: Sequence[int]) -> list[Decided]:
    """Lock these in `transaction_id` order, as everybody does, and return those that are decided still."""
    await session.execute(LOCK, {"ids": list(ids)})
    return [Decided(*row) for row in await session.execute(SOME, {"user_id": user_id, "ids": list(ids)})]


async def forget(session: AsyncSession, ids: Sequence[int]) -> None:
    """Take away the mark of being decided from these locked ones; the categorizer's sweep finds them by that."""
    await session.execute(FORGET, {"ids": list(ids)})


async def shown(session: AsyncSession, user_id: int, ids: Sequence[int]) -> list[RowMapping]:
    """Return these as their user knows them, newest first."""
    return list((await session.execute(SHOWN, {"user_id": user_id, "ids": list(ids)})).mappings())
