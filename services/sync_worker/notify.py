"""Tells a user about an item: rows that stand, and hints for the browser, in the caller's transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import UserNotified
from sync_worker.domain.notices import Telling
from sync_worker.store import notifications


async def notify(
    session: AsyncSession,
    integration_id: int,
    telling: Telling,
    *,
    account_id: int | None = None,
    due_at: datetime | None = None,
) -> None:
    """Let stand what is told and end what is cleared; what stands already, or not, is not told again."""
    if telling.told:
        for notice in await notifications.tell(
            session, integration_id, telling.told, account_id=account_id, due_at=due_at
        ):
            await _hint(session, integration_id, notice, cleared=False)
    if telling.cleared:
        for notice in await notifications.clear(session, integration_id, telling.cleared, account_id=account_id):
            await _hint(session, integration_id, notice, cleared=True)


async def _hint(session: AsyncSession, integration_id: int, notice: notifications.Notice, *, cleared: bool) -> None:
    event = UserNotified(
        user_id=notice.user_id,
        notification_id=notice.id,
        integration_id=integration_id,
        kind=notice.kind,
        cleared=cleared,
    )
    await outbox.emit(session, event)
