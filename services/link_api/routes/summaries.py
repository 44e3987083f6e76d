"""What was spent, summed up."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import RowMapping

from common.web import Problem
from link_api.domain.filters import Filter
from link_api.domain.months import Month, TooMany, complete
from link_api.filtering import RANGED, Ranged, check
from link_api.parts import Use, User
from link_api.refusals import refusals
from link_api.schemas import Page
from link_api.schemas.summaries import MerchantSpending, MonthSpending, Spending
from link_api.store import summaries

router = APIRouter(prefix="/api/expenses/summary", tags=["reports"])

Groups = Literal["category", "month", "merchant"]
By = Annotated[Groups, Query(description="month: oldest first, every month of the range; else largest first")]
GROUPINGS = {"category": summaries.CATEGORY, "month": summaries.MONTH, "merchant": summaries.MERCHANT}


@router.get("", responses=refusals(*RANGED))
async def sum_up_expenses(
    parts: Use, user: User, ranged: Ranged, by: By = "category"
) -> Page[Spending] | Page[MonthSpending] | Page[MerchantSpending]:
    """Sum up your expenses by category, month or merchant, each currency apart; without dates, of all time.

    Months without an expense are zero in each currency; a month that the range cuts counts its days in it. Of
    merchants the 1,000 that took most are listed.
    """
    async with parts.database.transaction() as session:
        await check(session, user.user_id, ranged)
        rows = await summaries.summed(session, user.user_id, ranged, GROUPINGS[by])
    if by == "month":
        return Page(items=[MonthSpending.of(month) for month in _months(rows, ranged)])
    if by == "merchant":
        return Page(items=[MerchantSpending.of(row) for row in rows])
    return Page(items=[Spending.of(row) for row in rows])


def _months(rows: Sequence[RowMapping], ranged: Filter) -> list[Month]:
    known = [
        Month(row["month"], row["iso_currency_code"], row["unofficial_currency_code"], row["amount"], row["count"])
        for row in rows
    ]
    try:
        return complete(known, ranged.first_day, ranged.last_day)
    except TooMany:
        detail = "By month a range may have 100 years at most; set `from` and `to` closer."
        raise Problem(422, detail, code="invalid_request") from None
