"""Ends an integration: no more syncs, and Plaid is made to forget its item."""

from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import RemovalRequested, StatusChanged
from link_api.store import integrations


async def disconnect(session: AsyncSession, user_id: int, integration_id: int) -> None:
    """Disconnect this user's integration, unless it is done or not theirs; sync_worker removes the item at Plaid."""
    if await integrations.disconnect(session, user_id, integration_id):
        changed = StatusChanged(user_id=user_id, integration_id=integration_id, status="removing")
        await outbox.emit(session, RemovalRequested(integration_id=integration_id), changed)
