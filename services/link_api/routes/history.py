"""The history of syncs."""

from fastapi import APIRouter

from link_api import paging
from link_api.domain import cursors
from link_api.domain.cursors import IdCursor
from link_api.paging import After, Limit
from link_api.parts import IntegrationId, Use, User
from link_api.problems import unknown
from link_api.refusals import PAGED, refusals
from link_api.schemas import Page
from link_api.schemas.history import Sync
from link_api.store import history

router = APIRouter(prefix="/api/plaid/integrations", tags=["integrations"])


@router.get("/{integration_id}/history", responses=refusals(unknown("integration"), *PAGED))
async def list_syncs(
    parts: Use, user: User, integration_id: IntegrationId, limit: Limit = 50, cursor: After = None
) -> Page[Sync]:
    """List this bank's syncs, newest first: what each brought, or why it failed."""
    after = paging.position(cursor, cursors.decode_id)
    async with parts.database.transaction() as session:
        rows = await history.page(session, user.user_id, integration_id, after, limit + 1)
    if rows is None:
        raise unknown("integration")
    return paging.page(rows, limit, lambda row: IdCursor(row["id"]), Sync.of)
