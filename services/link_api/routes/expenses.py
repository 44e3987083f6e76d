"""Expenses: list, one, decide about one."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Response
from sqlalchemy import RowMapping

from common.web import Problem
from link_api import paging
from link_api.decisions import decide
from link_api.domain import cursors, etags
from link_api.domain.cursors import Cursor
from link_api.filtering import FILTERED, UNKNOWN_CATEGORY, Filtered, check, check_categories
from link_api.paging import After, Limit
from link_api.parts import ExpenseId, Use, User
from link_api.problems import unknown
from link_api.refusals import LISTED, refusals
from link_api.schemas import Page
from link_api.schemas.expenses import EXAMPLE, Edit, Expense
from link_api.schemas.problems import TAGGED
from link_api.store import decisions, expenses

router = APIRouter(prefix="/api/expenses", tags=["expenses"])

IfMatch = Annotated[
    str | None,
    Header(description="The `ETag` that you saw: refused with 412 if the expense has changed since. Left out: you win"),
]


CHANGED = Problem(
    412,
    "This expense has changed since you saw it; look at `current` and decide again.",
    code="changed_meanwhile",
    current=EXAMPLE,
)


@router.get("", responses=refusals(*FILTERED, *LISTED))
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


@router.get("/{expense_id}", responses=TAGGED | refusals(unknown("expense")))
async def get_expense(parts: Use, user: User, expense_id: ExpenseId, response: Response) -> Expense:
    """Get one expense, also an excluded or a withdrawn one."""
    async with parts.database.transaction() as session:
        row = await expenses.one(session, user.user_id, expense_id)
    return _tagged(response, row)


@router.patch("/{expense_id}", responses=TAGGED | refusals(unknown("expense"), UNKNOWN_CATEGORY, CHANGED))
async def edit_expense(
    parts: Use, user: User, expense_id: ExpenseId, body: Edit, *, response: Response, if_match: IfMatch = None
) -> Expense:
    """Give this expense a category, a note, exclude it, or mark it as reviewed. Your decision stands from now on.

    What you leave out stays as it is. A category of money moved (kind `nonexpense`) withdraws the expense; choose
    another, or null, and it returns: `expenses.changed` says when.
    """
    async with parts.database.transaction() as session:
        if body.category is not None:
            await check_categories(session, (body.category,))
        standing = await decisions.lock(session, user.user_id, [expense_id])
        current = _tagged(response, await expenses.one(session, user.user_id, expense_id))
        if if_match is not None and not etags.matches(if_match, tag := response.headers["ETag"]):
            detail = "This expense has changed since you saw it; look at `current` and decide again."
            shown = current.model_dump(mode="json")
            raise Problem(412, detail, code="changed_meanwhile", headers={"ETag": tag}, current=shown)
        await decide(session, user.user_id, standing, body.changes)
        row = await expenses.one(session, user.user_id, expense_id)
    return _tagged(response, row)


def _tagged(response: Response, row: RowMapping | None) -> Expense:
    """Return the expense and name its state in the answer's ETag, or raise a 404 Problem."""
    if row is None:
        raise unknown("expense")
    shown = Expense.of(row)
    response.headers["ETag"] = etags.tag(shown.model_dump_json())
    return shown
