"""Expenses, their summary, and the transactions behind them."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from sqlalchemy import RowMapping

from common.web import Problem
from link_api.domain import cursors
from link_api.domain.cursors import BadCursor, Cursor
from link_api.parts import Use, User
from link_api.schemas import Page
from link_api.schemas.expenses import Expense, Spending, Transaction
from link_api.store import expenses

router = APIRouter(prefix="/api", tags=["expenses"])

Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(description="The `next_cursor` of the page before")]
Pending = Annotated[bool | None, Query(description="true: only pending ones; false: only posted ones")]
FirstDay = Annotated[date | None, Query(alias="from", description="First day, included")]
LastDay = Annotated[date | None, Query(alias="to", description="Last day, included")]
ShownT = TypeVar("ShownT")


@router.get("/expenses")
async def list_expenses(parts: Use, user: User, limit: Limit = 50, cursor: After = None) -> Page[Expense]:
    """List your expenses, newest first."""
    async with parts.database.transaction() as session:
        rows = await expenses.page(session, user.user_id, _position(cursor), limit + 1)
    return _page(rows, limit, "expense_date", Expense.of)


@router.get("/expenses/summary")
async def summarize_expenses(
    parts: Use, user: User, first_day: FirstDay = None, last_day: LastDay = None
) -> Page[Spending]:
    """Sum up your expenses by category, each currency apart, largest first; without dates, of all time."""
    if first_day and last_day and first_day > last_day:
        raise Problem(422, "`from` must not be after `to`.", code="invalid_request")
    async with parts.database.transaction() as session:
        rows = await expenses.summary(session, user.user_id, first_day, last_day)
    return Page(items=[Spending.of(row) for row in rows])


@router.get("/transactions")
async def list_transactions(
    parts: Use, user: User, pending: Pending = None, limit: Limit = 50, cursor: After = None
) -> Page[Transaction]:
    """List the transactions of your connected banks, newest first; pending ones are not expenses yet."""
    async with parts.database.transaction() as session:
        rows = await expenses.transactions(session, user.user_id, _position(cursor), limit + 1, pending=pending)
    return _page(rows, limit, "date", Transaction.of)


def _position(cursor: str | None) -> Cursor | None:
    try:
        return None if cursor is None else cursors.decode(cursor)
    except BadCursor:
        detail = "This cursor is not one of ours; send `next_cursor` as you got it, or none to begin anew."
        raise Problem(400, detail, code="bad_cursor") from None


def _page(rows: list[RowMapping], limit: int, day: str, show: Callable[[RowMapping], ShownT]) -> Page[ShownT]:
    """Return the page of `limit` rows; one row more than that says that another page follows."""
    shown = rows[:limit]
    last = Cursor(shown[-1][day], shown[-1]["id"]).encode() if len(rows) > limit else None
    return Page(items=[show(row) for row in shown], next_cursor=last)
