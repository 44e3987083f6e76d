"""Doorbells, logins, and the life of an integration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain.failure import Failure
from sync_worker.domain.login import Login

UNANSWERED = "interval '30 seconds'"
"""A doorbell that no worker answered by then is rung again by the sweep."""
PATIENCE = f"({UNANSWERED} * power(2, least(greatest(failure_count - 5, 0), 7)))"
"""The same for an item whose last leases ended in nothing: what kills its worker is tried less and less often."""
CLAIM = f"(2 * {PATIENCE})"
"""For so long a due item is left to the sweep's message."""


@dataclass(frozen=True, slots=True)
class Doorbell:
    """A rung doorbell: whose, the how many-th, and whether the item may be synced."""

    integration_id: int
    seq: int
    status: str


RING = text(f"""
    UPDATE plaid_integrations
    SET requested_seq = requested_seq + 1, requested_trigger = :trigger, rung_at = coalesce(rung_at, :rung_at),
        next_sync_at = least(next_sync_at, now() + {PATIENCE}),
        disconnects_at = CASE WHEN :trigger <> 'repaired' THEN coalesce(:disconnects_at, disconnects_at) END
    WHERE is_active AND (id = :integration_id OR item_id = :item_id)
        AND (:trigger <> 'sweep' OR next_sync_at <= now() + {CLAIM})
    RETURNING id, requested_seq, status
""")


TOKEN = text("""
    SELECT user_id, status, access_token, failure_count, requested_seq FROM plaid_integrations
    WHERE id = :integration_id
""")


SET_LOGIN = text(f"""
    UPDATE plaid_integrations i
    SET status = :status, consent_expires_at = :consent_expires_at, updated_at = now(),
        last_sync_error = :code, last_sync_error_message = :message,
        last_sync_error_at = CASE WHEN i.last_sync_error = :code THEN i.last_sync_error_at
            WHEN CAST(:code AS text) IS NOT NULL THEN now() END,
        last_sync_error_request_id = CASE WHEN i.last_sync_error = :code THEN i.last_sync_error_request_id END,
        lease_token = CASE WHEN :status = 'active' THEN i.lease_token END,
        next_sync_at = now() + CASE WHEN :status = 'active' OR requested_seq > :seen THEN {PATIENCE} ELSE :pause END
    FROM (SELECT id, status FROM plaid_integrations WHERE id = :integration_id FOR NO KEY UPDATE) before
    WHERE i.id = before.id AND before.status IN ('active', 'login_required', 'revoked')
    RETURNING before.status
""")


CLAIM_DUE = text(f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM plaid_integrations
        WHERE next_sync_at <= now() AND status IN ('active', 'login_required', 'removing')
            AND (lease_token IS NULL OR lease_expires_at < now())
        ORDER BY next_sync_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE plaid_integrations i SET next_sync_at = now() + {CLAIM}
    FROM due WHERE i.id = due.id
    RETURNING i.id, i.status
""")


REMOVED = text("""
    UPDATE plaid_integrations
    SET status = 'disconnected', access_token = NULL, next_sync_at = NULL, failure_count = 0, updated_at = now(),
        last_sync_error = NULL, last_sync_error_message = NULL, last_sync_error_request_id = NULL,
        last_sync_error_at = NULL
    WHERE id = :integration_id AND status = 'removing'
    RETURNING user_id
""")


REMOVAL_FAILED = text("""
    UPDATE plaid_integrations
    SET failure_count = failure_count + 1, next_sync_at = now() + :pause, last_sync_error = :code,
        last_sync_error_message = :message, last_sync_error_request_id = :request_id, last_sync_error_at = now(),
        updated_at = now()
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
    """Count one more request for a sync; return None when no active integration has this id.

    None also for a sweep that comes late: the item was seen to since it was claimed.
    """
    found = await session.execute(
        RING,
        {
            "trigger": trigger,
            "rung_at": rung_at,
            "integration_id": integration_id,
            "item_id": item_id,
            "disconnects_at": disconnects_at,
        },
    )
    row = found.first()
    return Doorbell(row.id, row.requested_seq, row.status) if row else None


async def set_login(
    session: AsyncSession, integration_id: int, login: Login, *, seen: int, pause: timedelta
) -> str | None:
    """Store how the login stands; return the status before, or None when the integration is being removed.

    `seen` is the requested_seq from before Plaid was asked: whoever rang since may know better, so ask again soon.
    """
    found = await session.execute(
        SET_LOGIN,
        {
            "integration_id": integration_id,
            "status": login.status,
            "code": login.error_code,
            "message": login.error_message,
            "consent_expires_at": login.consent_expires_at,
            "seen": seen,
            "pause": pause,
        },
    )
    return found.scalar_one_or_none()


async def claim_due(session: AsyncSession, most: int) -> Sequence[tuple[int, str]]:
    """Return (id, status) of what is due, and move its next time on so that no other sweep takes it."""
    return [(row.id, row.status) for row in await session.execute(CLAIM_DUE, {"most": most})]


async def token_of(session: AsyncSession, integration_id: int) -> RowMapping | None:
    """Return user_id, status, sealed access_token, failure_count and requested_seq."""
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
            "message": failure.message,
            "request_id": failure.request_id,
        },
    )
