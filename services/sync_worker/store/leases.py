"""The lease of an item: taken, prolonged, and checked by token in every statement that relies on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken
from sync_worker.domain import life
from sync_worker.domain.accounts import Account, to_json
from sync_worker.domain.failure import Failure
from sync_worker.domain.life import State
from sync_worker.store.integrations import PATIENCE, UNANSWERED, Doorbell

LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Leased:
    """An item that this worker alone may sync, as it stood when the lease was taken."""

    integration_id: int
    token: UUID
    user_id: int
    institution_id: str | None
    access_token: SealedToken
    cursor: str | None
    transactions_update_status: str
    trigger: str
    failures: int
    requested_seq: int
    linked_at: datetime
    stolen: bool
    """Its last holder neither let it go nor prolonged it: a worker died, or froze."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a completed pass moves: from `cursor` to `next_cursor`, answering every doorbell up to `covers`."""

    cursor: str | None
    next_cursor: str | None
    covers: int
    begun_at: datetime
    update_status: str
    oldest: date | None
    accounts: Sequence[Account]
    pause: timedelta


ACQUIRE = text(f"""
    UPDATE plaid_integrations
    SET lease_token = :token, lease_expires_at = now() + :lease, failure_count = failure_count + 1
    WHERE id = :integration_id AND status = '{life.SYNCED}' AND paused_at IS NULL AND processed_seq < :seq
      AND (lease_token IS NULL OR lease_expires_at < now())
    RETURNING user_id, institution_id, access_token, cursor, transactions_update_status, requested_trigger,
        requested_seq, failure_count, created_at, EXISTS (
            SELECT FROM plaid_integrations before
            WHERE before.id = :integration_id AND before.lease_token IS NOT NULL AND before.lease_expires_at < now()
        ) AS stolen
""")


EXTEND = text("""
    UPDATE plaid_integrations SET lease_expires_at = now() + :lease
    WHERE id = :integration_id AND lease_token = :token
    RETURNING id
""")


BEGIN_PASS = text("""
    SELECT requested_seq, cursor, transactions_update_status, coalesce(rung_at, now()) AS rung_at, now() AS begun_at,
        EXISTS (SELECT FROM notifications n
            WHERE n.integration_id = i.id AND n.kind = 'institution_down' AND n.cleared_at IS NULL) AS told_of_trouble
    FROM plaid_integrations i WHERE id = :integration_id AND lease_token = :token
""")


FENCE = text(f"""
    UPDATE plaid_integrations
    SET cursor = :next_cursor, processed_seq = :covers, transactions_update_status = :update_status,
        accounts_data = (
            SELECT jsonb_agg(account ORDER BY account_id) FROM (
                SELECT DISTINCT ON (account->>'account_id') account, account->>'account_id' AS account_id
                FROM jsonb_array_elements(CAST(:accounts AS jsonb) || coalesce(accounts_data, '[]'))
                    WITH ORDINALITY AS stated(account, age)
                ORDER BY account->>'account_id', age
            ) AS seen
        ),
        history_from = least(history_from, :oldest), last_sync_at = now(), failure_count = 0,
        last_sync_error = NULL, last_sync_error_message = NULL, last_sync_error_request_id = NULL,
        last_sync_error_at = NULL, updated_at = now(),
        next_sync_at = now() + CASE WHEN requested_seq > :covers THEN {UNANSWERED} ELSE :pause END,
        rung_at = CASE WHEN requested_seq > :covers THEN greatest(rung_at, :begun_at) END,
        lease_token = CASE WHEN requested_seq > :covers THEN lease_token END,
        lease_expires_at = CASE WHEN requested_seq > :covers THEN lease_expires_at END
    WHERE id = :integration_id AND lease_token = :token AND status = '{life.SYNCED}'
      AND cursor IS NOT DISTINCT FROM :cursor
    RETURNING lease_token IS NULL AS answered
""")
"""A bell that this pass does not answer rang after it began: the next pass is not as late as what this one answers.

Whoever rings waits for this row, and finds the item either still in hand or free: no bell falls between.
"""


RELEASE = text("""
    UPDATE plaid_integrations SET lease_token = NULL, lease_expires_at = NULL
    WHERE id = :integration_id AND lease_token = :token
""")


IN_DOUBT = f"(:status = '{State.REVOKED}' AND requested_seq > :seen)"
"""Whoever rang since may know that the item is not gone, and nothing asks about a gone one: the next sync decides."""
FAIL = text(f"""
    UPDATE plaid_integrations
    SET lease_token = NULL, lease_expires_at = NULL, status = CASE WHEN {IN_DOUBT} THEN status ELSE :status END,
        rung_at = CASE WHEN :status = '{life.SYNCED}' OR {IN_DOUBT} THEN rung_at END,
        next_sync_at = CASE WHEN :status = '{State.REVOKED}' AND NOT {IN_DOUBT} THEN NULL ELSE coalesce(
            now() + CASE WHEN :status <> '{life.SYNCED}' AND requested_seq > :seen THEN {PATIENCE} ELSE :pause END,
            next_sync_at
        ) END,
        last_sync_error = :code, last_sync_error_message = :message, last_sync_error_request_id = :request_id,
        last_sync_error_at = now(), updated_at = now()
    WHERE id = :integration_id AND lease_token = :token AND status = '{life.SYNCED}'
    RETURNING status
""")
"""How long a request waited for its user to mend the login is no delay of ours: `rung_at` begins anew."""


PUT_OFF = text("""
    UPDATE plaid_integrations
    SET lease_token = NULL, lease_expires_at = NULL, failure_count = greatest(failure_count - 1, 0),
        next_sync_at = now() + :pause
    WHERE id = :integration_id AND lease_token = :token
""")


async def acquire(session: AsyncSession, bell: Doorbell, token: UUID) -> Leased | None:
    """Take the item's lease, unless the bell is answered already, another worker holds it, or state or pause forbid."""
    found = await session.execute(
        ACQUIRE, {"integration_id": bell.integration_id, "seq": bell.seq, "token": token, "lease": LEASE}
    )
    row = found.first()
    if row is None:
        return None
    return Leased(
        integration_id=bell.integration_id,
        token=token,
        user_id=row.user_id,
        institution_id=row.institution_id,
        access_token=SealedToken(row.access_token),
        cursor=row.cursor,
        transactions_update_status=row.transactions_update_status,
        trigger=row.requested_trigger,
        failures=row.failure_count,
        requested_seq=row.requested_seq,
        linked_at=row.created_at,
        stolen=row.stolen,
    )


async def extend(session: AsyncSession, leased: Leased) -> bool:
    """Prolong the lease; return False when it is no longer ours."""
    found = await session.execute(
        EXTEND, {"integration_id": leased.integration_id, "token": leased.token, "lease": LEASE}
    )
    return found.first() is not None


async def begin_pass(session: AsyncSession, leased: Leased) -> RowMapping | None:
    """Return where this pass begins, or None when the lease is lost.

    requested_seq (what it covers), cursor, transactions_update_status, rung_at, begun_at, and whether the user was told
    that the institution fails.
    """
    found = await session.execute(BEGIN_PASS, {"integration_id": leased.integration_id, "token": leased.token})
    return found.mappings().first()


async def fence(session: AsyncSession, leased: Leased, progress: Progress) -> bool | None:
    """Move the cursor if the item is still ours and where we found it; None when it is not.

    Return whether every doorbell is answered: then the item is let go with it.
    """
    found = await session.execute(
        FENCE,
        {
            "integration_id": leased.integration_id,
            "token": leased.token,
            "cursor": progress.cursor,
            "next_cursor": progress.next_cursor,
            "covers": progress.covers,
            "begun_at": progress.begun_at,
            "update_status": progress.update_status,
            "oldest": progress.oldest,
            "accounts": to_json(progress.accounts),
            "pause": progress.pause,
        },
    )
    row = found.first()
    return None if row is None else bool(row.answered)


async def fail(session: AsyncSession, leased: Leased, failure: Failure, after: State) -> State | None:
    """Store why the sync failed and let the item go; return its state now, or None when it was not ours any more.

    Whoever rang since the lease was taken may know that the login works again: then it is asked about soon.
    """
    found = await session.execute(
        FAIL,
        {
            "integration_id": leased.integration_id,
            "token": leased.token,
            "status": after,
            "seen": leased.requested_seq,
            "pause": failure.pause,
            "code": failure.code,
            "message": failure.message,
            "request_id": failure.request_id,
        },
    )
    row = found.first()
    return State(row.status) if row else None


async def put_off(session: AsyncSession, leased: Leased, pause: timedelta) -> None:
    """Let the item go untried, due again after `pause`: no failure of its own."""
    values = {"integration_id": leased.integration_id, "token": leased.token, "pause": pause}
    await session.execute(PUT_OFF, values)


async def release(session: AsyncSession, leased: Leased) -> None:
    """Let the item go with whatever doorbells are not answered: the sweep rings for them."""
    await session.execute(RELEASE, {"integration_id": leased.integration_id, "token": leased.token})
