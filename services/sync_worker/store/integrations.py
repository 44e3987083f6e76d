"""Doorbells, logins, and the life of an integration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain import life
from sync_worker.domain.failure import Failure
from sync_worker.domain.life import Happening, State
from sync_worker.domain.login import Login

UNANSWERED = "interval '30 seconds'"
"""A doorbell that no worker answered by then is rung again by the sweep."""
PATIENCE = f"({UNANSWERED} * power(2, least(greatest(failure_count - 5, 0), 7)))"
"""The same for an item whose last leases ended in nothing: what kills its worker is tried less and less often."""
CLAIM = f"(2 * {PATIENCE})"
"""For so long a due item is left to the sweep's message."""
LOGIN_LOOK = "interval '6 hours'"
"""A login that nobody looked at for so long is looked at when the next bell rings: its consent may be near its end."""


@dataclass(frozen=True, slots=True)
class Doorbell:
    """A rung doorbell: whose, the how many-th, and how things stand there."""

    integration_id: int
    user_id: int
    seq: int
    status: str
    in_hand: bool
    """Another sync holds the lease: it will see this bell before it lets go."""
    login_unseen: bool
    access_ends_at: datetime | None = None
    """The nearest of the ends that we know of: consent that runs out, a bank that will disconnect."""


@dataclass(frozen=True, slots=True)
class LoginBefore:
    """How an item stood before its login was looked at."""

    state: State
    disconnects_at: datetime | None


RING = text(f"""
    UPDATE plaid_integrations
    SET requested_seq = requested_seq + 1, rung_at = least(rung_at, :rung_at),
        requested_trigger = CASE WHEN :trigger IN ('sweep', 'audit') AND requested_seq > processed_seq
            THEN requested_trigger ELSE :trigger END,
        next_sync_at = CASE WHEN status <> '{State.REVOKED}' THEN least(next_sync_at, now() + {PATIENCE}) END,
        disconnects_at = CASE WHEN :trigger <> 'repaired' THEN coalesce(
            :disconnects_at, CASE WHEN disconnects_at > now() THEN disconnects_at END, :disconnects_by, disconnects_at
        ) END
    WHERE is_active AND (id = :integration_id OR item_id = :item_id)
        AND (:trigger <> 'sweep' OR next_sync_at <= now() + {CLAIM})
    RETURNING id, user_id, requested_seq, status,
        coalesce(lease_token IS NOT NULL AND lease_expires_at > now(), false) AS in_hand,
        coalesce(login_checked_at, created_at) < now() - {LOGIN_LOOK} AS login_unseen,
        least(disconnects_at, consent_expires_at) AS access_ends_at
""")
"""A sweep rings on behalf of whoever rang before and was not answered: their trigger, and so their urgency, stays."""


TOKEN = text("""
    SELECT user_id, status, access_token, failure_count, requested_seq FROM plaid_integrations
    WHERE id = :integration_id
""")


LOGIN_BEFORE = text("""
    SELECT status, requested_seq > :seen AS in_doubt FROM plaid_integrations
    WHERE id = :integration_id AND status = ANY(:sources) FOR NO KEY UPDATE
""")
"""A statement of its own: one that locks a row and updates it by a join can wait for itself, with others between."""
AS_BEFORE = f"(status = '{life.SYNCED}' AND :status = '{life.SYNCED}')"
SET_LOGIN = text(f"""
    UPDATE plaid_integrations
    SET status = :status, consent_expires_at = :consent_expires_at, login_checked_at = now(), updated_at = now(),
        last_sync_error = CASE WHEN {AS_BEFORE} THEN last_sync_error ELSE :code END,
        last_sync_error_message = CASE WHEN {AS_BEFORE} THEN last_sync_error_message ELSE :message END,
        last_sync_error_at = CASE WHEN {AS_BEFORE} OR last_sync_error = :code THEN last_sync_error_at
            WHEN CAST(:code AS text) IS NOT NULL THEN now() END,
        last_sync_error_request_id = CASE
            WHEN {AS_BEFORE} OR last_sync_error = :code THEN last_sync_error_request_id END,
        disconnects_at = CASE WHEN {AS_BEFORE} AND disconnects_at > now() OR :status <> '{life.SYNCED}'
            THEN disconnects_at END,
        lease_token = CASE WHEN :status = '{life.SYNCED}' THEN lease_token END,
        rung_at = CASE WHEN :status = '{life.SYNCED}' THEN rung_at END,
        next_sync_at = CASE WHEN {AS_BEFORE} THEN next_sync_at
            WHEN :status = '{State.REVOKED}' THEN NULL
            WHEN :status = '{life.SYNCED}' OR requested_seq > :seen THEN now() + {PATIENCE}
            ELSE now() + :pause END,
        failure_count = CASE WHEN status = '{life.SYNCED}' THEN failure_count ELSE 0 END
    WHERE id = :integration_id
    RETURNING disconnects_at
""")
"""That the login works is no news of an item that is synced: what its last sync said stays. A repair, or an announced
moment that passed without harm, ends the announcement."""


LOGIN_UNKNOWN = text(f"""
    UPDATE plaid_integrations
    SET login_checked_at = now(),
        failure_count = CASE WHEN status = '{life.SYNCED}' THEN failure_count ELSE failure_count + 1 END,
        next_sync_at = CASE WHEN status = '{life.SYNCED}' THEN next_sync_at ELSE now() + :pause END
    WHERE id = :integration_id AND status = ANY(:seen_to)
""")
"""An item that is synced is left to its sync, which puts on record what is wrong."""


CLAIM_DUE = text(f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM plaid_integrations
        WHERE next_sync_at <= now() AND status = ANY(:seen_to)
            AND (paused_at IS NULL OR status = '{State.REMOVING}')
            AND (lease_token IS NULL OR lease_expires_at < now())
        ORDER BY next_sync_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE plaid_integrations i SET next_sync_at = now() + {CLAIM}
    FROM due WHERE i.id = due.id
    RETURNING i.id, i.status
""")


REMOVED = text(f"""
    UPDATE plaid_integrations
    SET status = '{life.target(Happening.REMOVED)}', access_token = NULL, next_sync_at = NULL, failure_count = 0,
        updated_at = now(),
        last_sync_error = NULL, last_sync_error_message = NULL, last_sync_error_request_id = NULL,
        last_sync_error_at = NULL
    WHERE id = :integration_id AND status = ANY(:sources)
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
    disconnects_by: datetime | None = None,
) -> Doorbell | None:
    """Count one more request for a sync; return None when no active integration has this id.

    `disconnects_by` is our guess, for want of a moment that Plaid told: now or when it announced it before.
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
            "disconnects_by": disconnects_by,
        },
    )
    row = found.first()
    if row is None:
        return None
    return Doorbell(
        row.id, row.user_id, row.requested_seq, row.status, row.in_hand, row.login_unseen, row.access_ends_at
    )


async def set_login(
    session: AsyncSession, integration_id: int, login: Login, *, seen: int, pause: timedelta
) -> LoginBefore | None:
    """Store how the login stands; return how things stood, or None when that is not for this answer to decide.

    `seen` is the requested_seq from before Plaid was asked: whoever rang since may know better, so ask again soon, and
    never believe that an item is gone: nothing would ever ask about it again.
    """
    standing = {"integration_id": integration_id, "sources": life.sources(login.happening), "seen": seen}
    before = (await session.execute(LOGIN_BEFORE, standing)).first()
    if before is None or (login.happening is Happening.GONE and before.in_doubt):
        return None
    found = await session.execute(
        SET_LOGIN,
        {
            "integration_id": integration_id,
            "status": life.target(login.happening),
            "code": login.error_code,
            "message": login.error_message,
            "consent_expires_at": login.consent_expires_at,
            "seen": seen,
            "pause": pause,
        },
    )
    return LoginBefore(State(before.status), found.scalar_one())


async def login_unknown(session: AsyncSession, integration_id: int, failure: Failure) -> None:
    """Note that Plaid was asked about the login in vain, and when to ask again if nothing else does."""
    values = {"integration_id": integration_id, "pause": failure.pause, "seen_to": [State.ACTIVE, State.LOGIN_REQUIRED]}
    await session.execute(LOGIN_UNKNOWN, values)


async def claim_due(session: AsyncSession, most: int) -> Sequence[tuple[int, str]]:
    """Return (id, status) of what is due, and move its next time on so that no other sweep takes it."""
    return [
        (row.id, row.status) for row in await session.execute(CLAIM_DUE, {"most": most, "seen_to": list(life.SEEN_TO)})
    ]


async def token_of(session: AsyncSession, integration_id: int) -> RowMapping | None:
    """Return user_id, status, sealed access_token, failure_count and requested_seq."""
    return (await session.execute(TOKEN, {"integration_id": integration_id})).mappings().first()


async def removed(session: AsyncSession, integration_id: int) -> bool:
    """Erase the token of an integration that Plaid has forgotten; return False when that was done before."""
    values = {"integration_id": integration_id, "sources": life.sources(Happening.REMOVED)}
    return (await session.execute(REMOVED, values)).first() is not None


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
