"""Integrations: list, one, sync, repaired, disconnect."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from common import outbox
from common.events import SyncRequested, Trigger
from common.sealing import SealedToken
from common.web import Problem
from link_api.disconnection import disconnect
from link_api.link_ends import ENDS
from link_api.parts import IntegrationId, Parts, Use, User
from link_api.problems import unknown
from link_api.refreshes import NoRefresh
from link_api.refusals import OF_ITEMS, OF_PLAID, refusals
from link_api.schemas import Page, Requested
from link_api.schemas.integrations import Integration, SyncWish
from link_api.store import integrations, sessions

router = APIRouter(prefix="/api/plaid/integrations", tags=["integrations"])

Include = Annotated[Literal["disconnected"] | None, Query(description="List disconnected ones too")]


ENDED = (
    unknown("integration"),
    Problem(409, "This bank is disconnected; link it anew.", code="disconnected"),
)
OVER = (
    *ENDED,
    Problem(409, "Access to this bank was revoked and cannot be repaired; link it anew.", code="revoked"),
)
"""What `connected` may raise; to sync, for the description of the routes that use it."""


@router.get("")
async def list_integrations(parts: Use, user: User, include: Include = None) -> Page[Integration]:
    """List your linked banks: status, what each asks of you, progress and last error."""
    async with parts.database.transaction() as session:
        rows = await integrations.page(session, user.user_id, disconnected=include == "disconnected")
    return Page(items=[Integration.of(row) for row in rows])


@router.get("/{integration_id}", responses=refusals(unknown("integration")))
async def get_integration(parts: Use, user: User, integration_id: IntegrationId) -> Integration:
    """Get one linked bank."""
    return await read_integration(parts, user.user_id, integration_id)


def no_refresh() -> Problem:
    """Return the 409 for a bank that cannot be asked on demand."""
    detail = "This bank cannot be asked for news on demand. Its transactions come by themselves, mostly within a day."
    return Problem(409, detail, code="refresh_unavailable")


def paused() -> Problem:
    """Return the 409 for a bank that an operator paused."""
    detail = "We have paused this bank while we look into a problem. Nothing is lost: it catches up when it goes on."
    return Problem(409, detail, code="paused")


REFUSED = (*OVER, paused(), *OF_PLAID, *OF_ITEMS, no_refresh())


@router.post("/{integration_id}/sync", status_code=202, responses=refusals(*REFUSED))
async def sync_integration(
    parts: Use, user: User, integration_id: IntegrationId, body: SyncWish | None = None
) -> Requested:
    """Read this bank's transactions from Plaid now; with `refresh` have Plaid ask the bank for new ones too.

    What the bank then tells comes by itself. Without `refresh` Plaid is not called while you wait.
    """
    access_token = await connected(parts, user.user_id, integration_id, to_sync=True, now=True)
    if body and body.refresh:
        try:
            await parts.refreshes.ask(integration_id, access_token)
        except NoRefresh:
            raise no_refresh() from None
    return await _ring(parts, integration_id, "manual")


@router.post("/{integration_id}/repaired", status_code=202, responses=refusals(*OVER))
async def report_repaired(parts: Use, user: User, integration_id: IntegrationId) -> Requested:
    """Say that Link's update mode ended well: its login is checked, and its accounts and transactions are read."""
    await connected(parts, user.user_id, integration_id, to_sync=True)
    requested = await _ring(parts, integration_id, "repaired")
    async with parts.database.transaction() as session:
        ended = await sessions.end_repaired(session, user.user_id, integration_id)
    if ended:
        ENDS.labels("repaired").inc()
    return requested


@router.delete("/{integration_id}", status_code=202, responses=refusals(unknown("integration")))
async def disconnect_integration(parts: Use, user: User, integration_id: IntegrationId) -> Integration:
    """Disconnect this bank: no more syncs from now on, and Plaid is made to forget it. Its history stays."""
    async with parts.database.transaction() as session:
        await disconnect(session, user.user_id, integration_id)
    return await read_integration(parts, user.user_id, integration_id)


async def read_integration(parts: Parts, user_id: int, integration_id: int) -> Integration:
    """Return the integration, or raise a 404 Problem unless it is this user's."""
    async with parts.database.transaction() as session:
        row = await integrations.find(session, user_id, integration_id)
    if row is None:
        raise unknown("integration")
    return Integration.of(row)


async def connected(
    parts: Parts, user_id: int, integration_id: int, *, to_sync: bool = False, now: bool = False
) -> SealedToken:
    """Return the way to the integration's item; a 404 Problem unless it is this user's, a 409 once disconnected.

    A revoked one has no more transactions: `to_sync` it is a 409 too, and `now` one that is paused.
    """
    async with parts.database.transaction() as session:
        link = await integrations.link(session, user_id, integration_id)
    if link is None:
        raise unknown("integration")
    if link.access_token is None or link.status in {"removing", "disconnected"}:
        raise Problem(409, "This bank is disconnected; link it anew.", code="disconnected")
    if to_sync and link.status == "revoked":
        raise Problem(409, "Access to this bank was revoked and cannot be repaired; link it anew.", code="revoked")
    if now and link.paused:
        raise paused()
    return link.access_token


async def _ring(parts: Parts, integration_id: int, trigger: Trigger) -> Requested:
    request = SyncRequested(integration_id=integration_id, trigger=trigger, requested_at=datetime.now(UTC))
    async with parts.database.transaction() as session:
        await outbox.emit(session, request)
    return Requested()
