"""What Plaid Link tells the page: kept for support."""

from fastapi import APIRouter

from link_api.domain.digests import digest
from link_api.link_ends import ENDS
from link_api.parts import Use, User
from link_api.problems import unknown
from link_api.refusals import refusals
from link_api.schemas.link_events import LinkEvent
from link_api.store import link_events, sessions

router = APIRouter(prefix="/api/plaid", tags=["linking"])


@router.post("/link_events", status_code=204, responses=refusals(unknown("Link session")))
async def report_link_event(parts: Use, user: User, body: LinkEvent) -> None:
    """Pass on what Link's onEvent or onExit got, as it is: support finds the session by it. Never what onSuccess got.

    Known fields are kept for 90 days, each up to 500 characters, and up to 2,000 events of a user and day.
    """
    async with parts.database.transaction() as session:
        begun = await sessions.find(session, user.user_id, digest(body.state))
        if begun is None:
            raise unknown("Link session")
        await link_events.add(session, user.user_id, begun.integration_id, body.row())
        ended = body.outcome is not None and await sessions.end_without(session, begun.id, body.outcome)
    if ended and body.outcome is not None:
        ENDS.labels(body.outcome).inc()
