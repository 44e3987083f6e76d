"""Reports: totals for the tax form."""

from typing import Annotated

from fastapi import APIRouter, Query

from link_api.domain.schedule_c import forms
from link_api.parts import Use, User
from link_api.schemas.expenses import Category
from link_api.schemas.reports import Form, ScheduleC
from link_api.store import categories, reports

router = APIRouter(prefix="/api/reports", tags=["reports"])

Year = Annotated[int, Query(ge=1900, le=9999, description="Calendar year", examples=[2026])]


@router.get("/schedule-c")
async def sum_up_schedule_c(parts: Use, user: User, year: Year) -> ScheduleC:
    """Sum up a year's expenses by line of IRS Schedule C, each currency apart, and tell what is on no line.

    Expenses in personal categories, those that still ask for their category, and those that you excluded are left out.
    A category that the form has two lines for is shown with both: your accountant decides.
    """
    async with parts.database.transaction() as session:
        shares = await reports.shares(session, user.user_id, year)
        known = {row["category_slug"]: Category.of(row) for row in await categories.every(session)}
    return ScheduleC(year=year, currencies=[Form.of(form, known) for form in forms(shares)])
