"""Expenses as their user sees them, newest day first, then the highest id; pages by keyset."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.cursors import Cursor
from link_api.domain.filters import Filter
from link_api.store.filters import COUNTS, OPEN_QUESTION, where

CATEGORY = "expense_categories c ON c.slug = coalesce(e.user_category_id, e.auto_category)"
SEEN = f"""
    SELECT e.id, e.expense_date, e.description, e.vendor, e.amount, e.iso_currency_code, e.unofficial_currency_code,
        e.confidence, e.source, e.reason, {OPEN_QUESTION} AS needs_review, e.payment_method, e.note, e.excluded,
        e.reviewed_at IS NOT NULL AS reviewed, NOT ({COUNTS}) AS withdrawn,
        e.user_category_id IS NOT NULL AS chosen_by_user,
        c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group, c.schedule_c_line, t.pending,
        a.id AS account_id, a.name AS account_name, a.mask AS account_mask
"""
WHOLE = f"""
    JOIN {CATEGORY}
    JOIN plaid_transactions t ON t.id = e.transaction_id
    JOIN plaid_accounts a ON a.id = t.account_id
"""
ORDER = "ORDER BY e.expense_date DESC, e.id DESC"
SOME = text(f"""{SEEN} FROM expenses e {WHOLE}
    WHERE e.user_id = :user_id AND e.id = ANY(CAST(:ids AS bigint[])) {ORDER}
""")


def listing(filter_: Filter, after: Cursor | None) -> tuple[TextClause, dict[str, object]]:
    """Return the query for a page, and its values but for `user_id` and `limit`.

    The page is cut before the bank's rows are joined to it, so that a large list costs no more than a page of it.
    """
    conditions, values = where(filter_)
    if after is not None:
        conditions += " AND (e.expense_date, e.id) < (:day, :id)"
        values |= {"day": after.day, "id": after.id}
    cut = f"SELECT e.* FROM expenses e JOIN {CATEGORY} WHERE e.user_id = :user_id AND {conditions} {ORDER} LIMIT :limit"
    return text(f"{SEEN} FROM ({cut}) e {WHOLE} {ORDER}"), values


async def page(
    session: AsyncSession, user_id: int, filter_: Filter, after: Cursor | None, limit: int
) -> list[RowMapping]:
    """Return up to `limit` of the user's expenses that the filter means and that follow `after`."""
    statement, values = listing(filter_, after)
    return list((await session.execute(statement, values | {"user_id": user_id, "limit": limit})).mappings())


async def some(session: AsyncSession, user_id: int, ids: Sequence[int]) -> list[RowMapping]:
    """Return those of these expenses that are the user's, also excluded and withdrawn ones."""
    return list((await session.execute(SOME, {"user_id": user_id, "ids": list(ids)})).mappings())


async def one(session: AsyncSession, user_id: int, expense_id: int) -> RowMapping | None:
    """Return the expense, or None unless it is this user's."""
    rows = await some(session, user_id, [expense_id])
    return rows[0] if rows else None
