"""Accounts of all linked banks."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from link_api.domain import identifiers
from link_api.muting import switch
from link_api.parts import Use, User
from link_api.problems import unknown
from link_api.refusals import refusals
from link_api.schemas import Page
from link_api.schemas.integrations import Account, AccountEdit
from link_api.store import accounts

router = APIRouter(prefix="/api/plaid/accounts", tags=["accounts"])


Include = Annotated[Literal["inactive"] | None, Query(description="List those that Plaid no longer names too")]
AccountId = Annotated[str, Path(description="Its `id`", examples=["7"])]


@router.get("")
async def list_accounts(parts: Use, user: User, include: Include = None) -> Page[Account]:
    """List the accounts of your connected banks, with balances and the time they are of."""
    async with parts.database.transaction() as session:
        rows = await accounts.page(session, user.user_id, inactive=include == "inactive")
    return Page(items=[Account.of(row) for row in rows])


@router.patch("/{account_id}", responses=refusals(unknown("account")))
async def edit_account(parts: Use, user: User, account_id: AccountId, body: AccountEdit) -> Account:
    """Mute this account, or let it speak again.

    While it is muted its transactions still come and none is an expense; what you decided about them returns with them.
    `expenses.changed` says when.
    """
    number = identifiers.read(account_id)
    if number is None:
        raise unknown("account")
    async with parts.database.transaction() as session:
        await switch(session, user.user_id, number, enabled=body.enabled)
        row = await accounts.one(session, user.user_id, number)
    if row is None:
        raise unknown("account")
    return Account.of(row)
