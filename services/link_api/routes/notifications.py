"""Notifications: list, mark as read."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from link_api import paging
from link_api.domain import cursors, identifiers
from link_api.domain.cursors import IdCursor
from link_api.paging import After, Limit
from link_api.parts import Use, User
from link_api.problems import unknown
from link_api.refusals import PAGED, refusals
from link_api.schemas import Page
from link_api.schemas.notifications import Notification, ReadUpTo
from link_api.store import notifications

router = APIRouter(prefix="/api/notifications", tags=["notifications"])

NotificationId = Annotated[str, Path(description="Its `id`", examples=["12"])]
Include = Annotated[Literal["cleared"] | None, Query(description="List those that stand no longer too")]


@router.get("", responses=refusals(*PAGED))
async def list_notifications(
    parts: Use, user: User, include: Include = None, limit: Limit = 50, cursor: After = None
) -> Page[Notification]:
    """List what you should know about your banks, newest first: what stands, read or not.

    A notification stands until what it tells is over; reading it does not end it. `user.notified` in the event stream
    says when one begins to stand or stands no longer.
    """
    after = paging.position(cursor, cursors.decode_id)
    async with parts.database.transaction() as session:
        rows = await notifications.page(session, user.user_id, after, limit + 1, cleared=include == "cleared")
    return paging.page(rows, limit, lambda row: IdCursor(row["id"]), Notification.of)


@router.post("/read", status_code=204)
async def read_notifications(parts: Use, user: User, body: ReadUpTo) -> None:
    """Mark all notifications up to an id as read; those that came since stay unread."""
    async with parts.database.transaction() as session:
        await notifications.read_all(session, user.user_id, body.up_to)


@router.post("/{notification_id}/read", responses=refusals(unknown("notification")))
async def read_notification(parts: Use, user: User, notification_id: NotificationId) -> Notification:
    """Mark one notification as read; again changes nothing."""
    number = identifiers.read(notification_id, identifiers.LARGEST_BIG)
    if number is None:
        raise unknown("notification")
    async with parts.database.transaction() as session:
        row = await notifications.read(session, user.user_id, number)
    if row is None:
        raise unknown("notification")
    return Notification.of(row)
