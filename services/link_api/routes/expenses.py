"""Expenses: list."""

from functools import partial

from fastapi import APIRouter

from link_api import paging
from link_api.domain import cursors
from link_api.domain.cursors import Cursor
from link_api.filtering import Filtered, check
from link_api.paging import After, Limit
from link_api.parts import Use, User
from link_api.schemas import Page
from link_api.schemas.expenses import Expense
from link_api.store import expenses

router = APIRouter(prefix="/api/expenses", tags=["expenses"])


@router.get("")
async def list_expenses(
    parts: Use, user: User, filtered: Filtered, limit: Limit = 50, cursor: After = None
) -> Page[Expense]:
    """List your expenses, newest first.

    All conditions must hold. A cursor goes on in the list that it came from: send the same conditions with it.
    """
    which = filtered.fingerprint
    after = paging.position(cursor, partial(cursors.decode, of=which))
    async with parts.database.transaction() as session:
        await check(session, user.user_id, filtered)
        rows = await expenses.page(session, user.user_id, filtered, after, limit + 1)
    return paging.page(rows, limit, lambda row: Cursor(row["expense_date"], row["id"], which), Expense.of)
