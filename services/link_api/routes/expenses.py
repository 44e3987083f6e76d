"""Expenses, their summary, and the transactions behind them."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from common.web import Problem
from link_api import paging
from link_api.domain import cursors
from link_api.domain.cursors import Cursor
from link_api.paging import After, Limit
from link_api.parts import Use, User
from link_api.schemas import Page
from link_api.schemas.expenses import Expense, Spending, Transaction
from link_api.store import expenses

router = APIRouter(prefix="/api", tags=["expenses"])

Pending = Annotated[bool | None, Query(description="true: only pending ones; false: only posted ones")]
FirstDay = Annotated[date | None, Query(alias="from", description="First day, included")]
LastDay = Annotated[date | None, Query(alias="to", description="Last day, included")]


@router.get("/expenses")
async def list_expenses(parts: Use, user: User, limit: Limit = 50, cursor: After = None) -> Page[Expense]:
    """List your expenses, newest first."""
    after = paging.position(cursor, cursors.decode)
    async with parts.database.transaction() as session:
        rows = await expenses.page(session, user.user_id, after, limit + 1)
    return paging.page(rows, limit, lambda row: Cursor(row["expense_date"], row["id"]), Expense.of)


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
    after = paging.position(cursor, cursors.decode)
    async with parts.database.transaction() as session:
        rows = await expenses.transactions(session, user.user_id, after, limit + 1, pending=pending)
    return paging.page(rows, limit, lambda row: Cursor(row["date"], row["id"]), Transaction.of)
