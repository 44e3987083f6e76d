"""Doorbells, logins, and the life of an integration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain.failure import Failure
from sync_worker.domain.login import Login

UNANSWERED = timedelta(seconds=30)
"""A doorbell that no worker answered by then is rung again by the sweep."""


@dataclass(frozen=True, slots=True)
class Doorbell:
    """A rung doorbell: whose, the how many-th, and whether the item may be synced."""

    integration_id: int
    seq: int
    status: str


RING = text("""
    UPDATE plaid_integrations
    SET requested_seq = requested_seq + 1, requested_trigger = :trigger, rung_at = coalesce(rung_at, :rung_at),
        next_sync_at = least(next_sync_at, now() + :unanswered),
        disconnects_at = coalesce(:disconnects_at, disconnects_at)
    WHERE is_active AND (id = :integration_id OR item_id = :item_id)
    RETURNING id, requested_seq, status
""")


TOKEN = text("SELECT user_id, status, access_token, failure_count FROM plaid_integrations WHERE id = :integration_id")


SET_LOGIN = text("""
    UPDATE plaid_integrations i
    SET status = :status, last_sync_error = :code, last_sync_error_message = :message,
        last_sync_error_at = CASE WHEN CAST(:code AS text) IS NULL THEN NULL ELSE now() END,
        last_sync_error_request_id = NULL, consent_expires_at = :consent_expires_at,
        next_sync_at = now() + :pause, updated_at = now(),
        lease_token = CASE WHEN :status = 'active' THEN i.lease_token END
    FROM (SELECT id, status FROM plaid_integrations WHERE id = :integration_id FOR NO KEY UPDATE) before
    WHERE i.id = before.id AND before.status IN ('active', 'login_required', 'revoked')
    RETURNING before.status
""")


CLAIM_DUE = text("""
    UPDATE plaid_integrations SET next_sync_at = now() + interval '1 minute'
    WHERE id IN (
        SELECT id FROM plaid_integrations
        WHERE next_sync_at <= now() AND status IN ('active', 'login_required', 'removing')
          AND (lease_token IS NULL OR lease_expires_at < now())
        ORDER BY next_sync_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id, status
""")


REMOVED = text("""
    UPDATE plaid_integrations
    SET status = 'disconnected', access_token = NULL, next_sync_at = NULL, updated_at = now()
    WHERE id = :integration_id AND status = 'removing'
    RETURNING user_id
""")


REMOVAL_FAILED = text("""
    UPDATE plaid_integrations
    SET failure_count = failure_count + 1, next_sync_at = now() + :pause, last_sync_error = :code,
        last_sync_error_request_id = :request_id, last_sync_error_at = now(), updated_at = now()
    WHERE id = :integration_id AND status = 'removing'
""")


async def ring(
    session: AsyncSession,
    *,
    trigger: str,
    rung_at: datetime,
    integration_id: int | None = None,
    item_id: str | None = None,
    disconnects_at: datetime | None = None,
) -> Doorbell | None:
    """Count one more request for a sync; return None when no active integration has this id."""
    found = await session.execute(
        RING,
        {
            "trigger": trigger,
            "rung_at": rung_at,
            "integration_id": integration_id,
            "item_id": item_id,
            "disconnects_at": disconnects_at,
            "unanswered": UNANSWERED,
        },
    )
    row = found.first()
    return Doorbell(row.id, row.requested_seq, row.status) if row else None


async def set_login(session: AsyncSession, integration_id: int, login: Login, pause: timedelta) -> str | None:
    """Store how the login stands; return the status before, or None when the integration is being removed."""
    found = await session.execute(
        SET_LOGIN,
        {
            "integration_id": integration_id,
            "status": login.status,
            "code": login.error_code,
            "message": login.error_message,
            "consent_expires_at": login.consent_expires_at,
            "pause": pause,
        },
    )
    return found.scalar_one_or_none()


async def claim_due(session: AsyncSession, most: int) -> Sequence[tuple[int, str]]:
    """Return (id, status) of what is due, and move its next time on so that no other sweep takes it."""
    return [(row.id, row.status) for row in await session.execute(CLAIM_DUE, {"most": most})]


async def token_of(session: AsyncSession, integration_id: int) -> RowMapping | None:
    """Return user_id, status, sealed access_token and failure_count."""
    return (await session.execute(TOKEN, {"integration_id": integration_id})).mappings().first()


async def removed(session: AsyncSession, integration_id: int) -> bool:
    """Erase the token of an integration that Plaid has forgotten; return False when that was done before."""
    return (await session.execute(REMOVED, {"integration_id": integration_id})).first() is not None


async def removal_failed(session: AsyncSession, integration_id: int, failure: Failure) -> None:
    """Store why Plaid did not remove the item, and when to ask again."""
    await session.execute(
        REMOVAL_FAILED,
        {
            "integration_id": integration_id,
            "pause": failure.pause,
            "code": failure.code,
            "request_id": failure.request_id,
        },
    )
