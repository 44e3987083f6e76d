"""What was spent, summed up."""

from fastapi import APIRouter

from link_api.filtering import Ranged, check
from link_api.parts import Use, User
from link_api.schemas import Page
from link_api.schemas.summaries import Spending
from link_api.store import summaries

router = APIRouter(prefix="/api/expenses/summary", tags=["reports"])


@router.get("")
async def summarize_expenses(parts: Use, user: User, ranged: Ranged) -> Page[Spending]:
    """Sum up your expenses by category, each currency apart, largest first; without dates, of all time."""
    async with parts.database.transaction() as session:
        await check(session, user.user_id, ranged)
        rows = await summaries.by_category(session, user.user_id, ranged)
    return Page(items=[Spending.of(row) for row in rows])
