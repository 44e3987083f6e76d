"""What an expense can be."""

from fastapi import APIRouter

from link_api.parts import Use, User
from link_api.schemas import Page
from link_api.schemas.categories import CategoryChoice
from link_api.store import categories

router = APIRouter(prefix="/api/categories", tags=["expenses"])


@router.get("")
async def list_categories(parts: Use, _user: User) -> Page[CategoryChoice]:
    """List the categories to choose from: those of a business, personal ones, and what is no expense."""
    async with parts.database.transaction() as session:
        rows = await categories.every(session)
    return Page(items=[CategoryChoice.of(row) for row in rows])
