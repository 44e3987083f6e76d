"""Accounts of all linked banks."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from link_api.parts import Use, User
from link_api.schemas import Page
from link_api.schemas.integrations import Account
from link_api.store import accounts

router = APIRouter(prefix="/api/plaid/accounts", tags=["accounts"])


Include = Annotated[Literal["inactive"] | None, Query(description="List those that Plaid no longer names too")]


@router.get("")
async def list_accounts(parts: Use, user: User, include: Include = None) -> Page[Account]:
    """List the accounts of your connected banks, with balances and the time they are of."""
    async with parts.database.transaction() as session:
        rows = await accounts.page(session, user.user_id, inactive=include == "inactive")
    return Page(items=[Account.of(row) for row in rows])
