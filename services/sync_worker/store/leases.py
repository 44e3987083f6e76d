"""The lease of an item: taken, prolonged, and checked by token in every statement that relies on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken
from sync_worker.domain.failure import Failure
from sync_worker.store.integrations import Doorbell

LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Leased:
    """An item that this worker alone may sync, as it stood when the lease was taken."""

    integration_id: int
    token: UUID
    user_id: int
    access_token: SealedToken
    cursor: str | None
    transactions_update_status: str
    trigger: str
    failures: int
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """What a completed pass moves: from `cursor` to `next_cursor`, answering every doorbell up to `covers`."""

    cursor: str | None
    next_cursor: str | None
    covers: int
    update_status: str
    oldest: date | None
    accounts: Sequence[Mapping[str, Any]]
    pause: timedelta


ACQUIRE = text("""
    UPDATE plaid_integrations
    SET lease_token = :token, lease_expires_at = now() + :lease, failure_count = failure_count + 1
    WHERE id = :integration_id AND status = 'active' AND processed_seq < :seq
      AND (lease_token IS NULL OR lease_expires_at < now())
    RETURNING user_id, access_token, cursor, transactions_update_status, requested_trigger, failure_count, created_at
""")


EXTEND = text("""
    UPDATE plaid_integrations SET lease_expires_at = now() + :lease
    WHERE id = :integration_id AND lease_token = :token
    RETURNING id
""")


BEGIN_PASS = text("""
    SELECT requested_seq, cursor, coalesce(rung_at, now()) AS rung_at,
        (SELECT count(*) FROM plaid_accounts a WHERE a.integration_id = i.id) AS accounts
    FROM plaid_integrations i WHERE id = :integration_id AND lease_token = :token
""")


FENCE = text("""
    UPDATE plaid_integrations
    SET cursor = :next_cursor, processed_seq = :covers, transactions_update_status = :update_status,
        accounts_data = coalesce(CAST(:accounts_data AS jsonb), accounts_data),
        history_from = least(history_from, :oldest), last_sync_at = now(), failure_count = 0,
        last_sync_error = NULL, last_sync_error_message = NULL, last_sync_error_request_id = NULL,
        last_sync_error_at = NULL, next_sync_at = now() + :pause, updated_at = now(),
        rung_at = CASE WHEN requested_seq = :covers THEN NULL ELSE rung_at END
    WHERE id = :integration_id AND lease_token = :token AND status = 'active'
      AND cursor IS NOT DISTINCT FROM :cursor
    RETURNING id
""")


RELEASE = text("""
    UPDATE plaid_integrations SET lease_token = NULL, lease_expires_at = NULL
    WHERE id = :integration_id AND lease_token = :token AND (processed_seq = requested_seq OR :give_up)
    RETURNING id
""")


FAIL = text("""
    UPDATE plaid_integrations
    SET lease_token = NULL, lease_expires_at = NULL, status = :status, next_sync_at = now() + :pause,
        last_sync_error = :code, last_sync_error_message = :message, last_sync_error_request_id = :request_id,
        last_sync_error_at = now(), updated_at = now()
    WHERE id = :integration_id AND lease_token = :token AND status = 'active'
    RETURNING id
""")


async def acquire(session: AsyncSession, bell: Doorbell, token: UUID) -> Leased | None:
    """Take the item's lease, unless the bell is answered already, another worker holds it, or the state forbids."""
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
        access_token=SealedToken(row.access_token),
        cursor=row.cursor,
        transactions_update_status=row.transactions_update_status,
        trigger=row.requested_trigger,
        failures=row.failure_count,
        linked_at=row.created_at,
    )


async def extend(session: AsyncSession, leased: Leased) -> bool:
    """Prolong the lease; return False when it is no longer ours."""
    found = await session.execute(
        EXTEND, {"integration_id": leased.integration_id, "token": leased.token, "lease": LEASE}
    )
    return found.first() is not None


async def begin_pass(session: AsyncSession, leased: Leased) -> RowMapping | None:
    """Return what this pass covers (requested_seq, cursor, rung_at, accounts), or None when the lease is lost."""
    found = await session.execute(BEGIN_PASS, {"integration_id": leased.integration_id, "token": leased.token})
    return found.mappings().first()


async def fence(session: AsyncSession, leased: Leased, progress: Progress) -> bool:
    """Move the cursor if the item is still ours and where we found it; return False when it is not."""
    found = await session.execute(
        FENCE,
        {
            "integration_id": leased.integration_id,
            "token": leased.token,
            "cursor": progress.cursor,
            "next_cursor": progress.next_cursor,
            "covers": progress.covers,
            "update_status": progress.update_status,
            "oldest": progress.oldest,
            "accounts_data": json.dumps(progress.accounts, default=str) if progress.accounts else None,
            "pause": progress.pause,
        },
    )
    return found.first() is not None


async def fail(session: AsyncSession, leased: Leased, failure: Failure) -> bool:
    """Store why the sync failed and let the item go; return False when it was not ours any more."""
    found = await session.execute(
        FAIL,
        {
            "integration_id": leased.integration_id,
            "token": leased.token,
            "status": failure.status,
            "pause": failure.pause,
            "code": failure.code,
            "message": failure.message,
            "request_id": failure.request_id,
        },
    )
    return found.first() is not None


async def release(session: AsyncSession, leased: Leased, *, give_up: bool = False) -> bool:
    """Let the item go if every bell is answered (or on giving up); return whether it was let go."""
    found = await session.execute(
        RELEASE, {"integration_id": leased.integration_id, "token": leased.token, "give_up": give_up}
    )
    return found.first() is not None
