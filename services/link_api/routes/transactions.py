"""The bank's own rows behind the expenses, and those that are none."""

from typing import Annotated

from fastapi import APIRouter, Query

from link_api import paging
from link_api.domain import cursors
from link_api.domain.cursors import Cursor
from link_api.paging import After, Limit
from link_api.parts import Use, User
from link_api.refusals import PAGED, refusals
from link_api.schemas import Page
from link_api.schemas.transactions import Transaction
from link_api.store import transactions

router = APIRouter(prefix="/api/transactions", tags=["transactions"])

Pending = Annotated[bool | None, Query(description="true: only pending ones; false: only posted ones")]


@router.get("", responses=refusals(*PAGED))
async def list_transactions(
    parts: Use, user: User, pending: Pending = None, limit: Limit = 50, cursor: After = None
) -> Page[Transaction]:
    """List the transactions of your connected banks, newest first; pending ones are not expenses yet."""
    after = paging.position(cursor, cursors.decode)
    async with parts.database.transaction() as session:
        rows = await transactions.page(session, user.user_id, after, limit + 1, pending=pending)
    return paging.page(rows, limit, lambda row: Cursor(row["date"], row["id"]), Transaction.of)
