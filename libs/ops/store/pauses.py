"""Items that an operator takes out of the syncs, and lets go on.

A pause ends a lease at once: whoever pauses an item has a reason not to wait for what runs. The pass in hand finds its
token gone, or is refused by the fence, and nothing of it is stored; the cursor stands where it stood. The bells that it
would have answered stay unanswered, and those that ring meanwhile are counted, so that nothing is lost.
"""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import StatusChanged, SyncRequested

PAUSE = text("""
    UPDATE plaid_integrations
    SET paused_at = now(), lease_token = NULL, lease_expires_at = NULL, updated_at = now(),
        failure_count = CASE WHEN lease_expires_at > now() THEN greatest(failure_count - 1, 0) ELSE failure_count END
    WHERE id = :id AND paused_at IS NULL AND status NOT IN ('removing', 'disconnected')
    RETURNING user_id, status
""")
"""A lease that is taken counts as a failure until its commit: this one was none of the item's."""
RESUME = text("""
    UPDATE plaid_integrations
    SET paused_at = NULL, failure_count = 0, rung_at = NULL, updated_at = now()
    WHERE id = :id AND paused_at IS NOT NULL
    RETURNING user_id, status
""")
"""How long an operator held the item is no delay of a sync: `rung_at` begins anew."""


async def pause(session: AsyncSession, integration_id: int) -> bool:
    """Let no sync of the item begin or commit any more; return False where it is paused or on its way out."""
    row = (await session.execute(PAUSE, {"id": integration_id})).first()
    if row is None:
        return False
    await outbox.emit(session, StatusChanged(user_id=row.user_id, integration_id=integration_id, status=row.status))
    return True


async def resume(session: AsyncSession, integration_id: int) -> bool:
    """Let the item go on, and ring for it; return False where it is not paused."""
    row = (await session.execute(RESUME, {"id": integration_id})).first()
    if row is None:
        return False
    await outbox.emit(session, StatusChanged(user_id=row.user_id, integration_id=integration_id, status=row.status))
    await ring(session, integration_id)
    return True


async def ring(session: AsyncSession, integration_id: int) -> None:
    """Ask for a sync as its user would."""
    await outbox.emit(
        session, SyncRequested(integration_id=integration_id, trigger="manual", requested_at=datetime.now(UTC))
    )
