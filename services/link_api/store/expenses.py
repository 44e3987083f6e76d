"""Expenses and transactions, newest day first, then the highest id; pages by keyset."""

from datetime import date

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.cursors import Cursor

EXPENSES = """
    SELECT e.id, e.expense_date, e.description, e.vendor, e.amount, e.iso_currency_code, e.unofficial_currency_code,
        e.confidence, e.source, e.reason, e.needs_review, e.payment_method,
        e.user_category_id IS NOT NULL AS chosen_by_user,
        c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group, t.pending,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask
    FROM expenses e
    JOIN expense_categories c ON c.slug = coalesce(e.user_category_id, e.auto_category)
    JOIN plaid_transactions t ON t.id = e.transaction_id
    JOIN plaid_accounts a ON a.id = t.account_id
    WHERE e.user_id = :user_id AND e.withdrawn_at IS NULL AND NOT e.excluded
"""
FIRST_EXPENSES = text(f"{EXPENSES} ORDER BY e.expense_date DESC, e.id DESC LIMIT :limit")
NEXT_EXPENSES = text(f"""{EXPENSES} AND (e.expense_date, e.id) < (:day, :id)
    ORDER BY e.expense_date DESC, e.id DESC LIMIT :limit
""")

TRANSACTIONS = """
    SELECT t.id, t.date, t.name, t.merchant_name, t.amount, t.iso_currency_code, t.unofficial_currency_code, t.pending,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask
    FROM plaid_transactions t
    JOIN plaid_accounts a ON a.id = t.account_id
    JOIN plaid_integrations i ON i.id = t.integration_id
    WHERE i.user_id = :user_id AND i.is_active AND t.sync_status = 'synced'
        AND (CAST(:pending AS boolean) IS NULL OR t.pending = :pending)
"""
FIRST_TRANSACTIONS = text(f"{TRANSACTIONS} ORDER BY t.date DESC, t.id DESC LIMIT :limit")
NEXT_TRANSACTIONS = text(f"""{TRANSACTIONS} AND (t.date, t.id) < (:day, :id)
    ORDER BY t.date DESC, t.id DESC LIMIT :limit
""")

SUMMARY = text("""
    SELECT c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group,
        s.iso_currency_code, s.unofficial_currency_code, s.amount, s.count
    FROM (
        SELECT coalesce(user_category_id, auto_category) AS slug, iso_currency_code, unofficial_currency_code,
            sum(amount) AS amount, count(*) AS count
        FROM expenses
        WHERE user_id = :user_id AND withdrawn_at IS NULL AND NOT excluded
            AND expense_date BETWEEN coalesce(:first_day, '-infinity'::date) AND coalesce(:last_day, 'infinity'::date)
        GROUP BY 1, 2, 3
    ) s JOIN expense_categories c ON c.slug = s.slug
    ORDER BY s.amount DESC, c.slug, s.iso_currency_code, s.unofficial_currency_code
""")


async def page(session: AsyncSession, user_id: int, after: Cursor | None, limit: int) -> list[RowMapping]:
    """Return up to `limit` of the user's expenses that follow `after`."""
    statement = FIRST_EXPENSES if after is None else NEXT_EXPENSES
    return await _rows(session, statement, {"user_id": user_id, "limit": limit}, after)


async def transactions(
    session: AsyncSession, user_id: int, after: Cursor | None, limit: int, *, pending: bool | None
) -> list[RowMapping]:
    """Return up to `limit` of the user's transactions after `after`; only pending or only posted ones if asked."""
    statement = FIRST_TRANSACTIONS if after is None else NEXT_TRANSACTIONS
    return await _rows(session, statement, {"user_id": user_id, "limit": limit, "pending": pending}, after)


async def _rows(
    session: AsyncSession, statement: TextClause, values: dict[str, object], after: Cursor | None
) -> list[RowMapping]:
    position = {} if after is None else {"day": after.day, "id": after.id}
    return list((await session.execute(statement, values | position)).mappings())


async def summary(
    session: AsyncSession, user_id: int, first_day: date | None, last_day: date | None
) -> list[RowMapping]:
    """Return what the user spent by effective category, each currency apart, largest first; both days included."""
    days = {"user_id": user_id, "first_day": first_day, "last_day": last_day}
    return list((await session.execute(SUMMARY, days)).mappings())
