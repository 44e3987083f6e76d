"""The lease of an item: taken, prolonged, and checked by token in every statement that relies on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken
from sync_worker.domain import life
from sync_worker.domain.failure import Failure
from sync_worker.domain.life import State
from sync_worker.store.integrations import PATIENCE, Doorbell

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
    institution_fails: bool
    """Syncs of its institution failed lately; it may have to be left alone."""


BEGINNING = """
    requested_seq, cursor, transactions_update_status, coalesce(rung_at, now()) AS rung_at, now() AS begun_at,
    EXISTS (SELECT FROM notifications n
        WHERE n.integration_id = i.id AND n.kind = 'institution_down' AND n.cleared_at IS NULL) AS told_of_trouble
"""
QUARANTINED = """
    EXISTS (SELECT FROM quarantined_transactions q WHERE q.integration_id = i.id AND q.resolved_at IS NULL)
"""
STOLEN = """
    EXISTS (SELECT FROM plaid_integrations before
        WHERE before.id = i.id AND before.lease_token IS NOT NULL AND before.lease_expires_at < now())
"""
ACQUIRE = text(f"""
    UPDATE plaid_integrations i
    SET lease_token = :token, lease_expires_at = now() + :lease, failure_count = failure_count + 1
    WHERE id = :integration_id AND status = '{life.SYNCED}' AND paused_at IS NULL AND processed_seq < :seq
      AND (lease_token IS NULL OR lease_expires_at < now())
    RETURNING {BEGINNING}, {STOLEN} AS stolen, {QUARANTINED} OR {STOLEN} AS quarantined, user_id, institution_id,
        access_token, requested_trigger, failure_count, created_at,
        EXISTS (SELECT FROM institution_health h WHERE h.institution_id = i.institution_id) AS institution_fails
""")
"""With where the first pass begins, which saves each sync a statement.

Where this waited for the last commit of a late holder, it sees other tables as they were before that: then something
may be in quarantine.
"""


EXTEND = text("""
    UPDATE plaid_integrations SET lease_expires_at = now() + :lease
    WHERE id = :integration_id AND lease_token = :token
    RETURNING id
""")


BEGIN_PASS = text(f"""
    SELECT {BEGINNING}, {QUARANTINED} AS quarantined
    FROM plaid_integrations i WHERE id = :integration_id AND lease_token = :token
""")


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


async def acquire(session: AsyncSession, bell: Doorbell, token: UUID) -> tuple[Leased, RowMapping] | None:
    """Take the item's lease, unless the bell is answered already, another worker holds it, or state or pause forbid.

    Return it, and where its first pass begins, as `begin_pass` does.
    """
    found = await session.execute(
        ACQUIRE, {"integration_id": bell.integration_id, "seq": bell.seq, "token": token, "lease": LEASE}
    )
    row = found.mappings().first()
    if row is None:
        return None
    leased = Leased(
        integration_id=bell.integration_id,
        token=token,
        user_id=row["user_id"],
        institution_id=row["institution_id"],
        access_token=SealedToken(row["access_token"]),
        cursor=row["cursor"],
        transactions_update_status=row["transactions_update_status"],
        trigger=row["requested_trigger"],
        failures=row["failure_count"],
        requested_seq=row["requested_seq"],
        linked_at=row["created_at"],
        stolen=row["stolen"],
        institution_fails=row["institution_fails"],
    )
    return leased, row


async def extend(session: AsyncSession, leased: Leased) -> bool:
    """Prolong the lease; return False when it is no longer ours."""
    found = await session.execute(
        EXTEND, {"integration_id": leased.integration_id, "token": leased.token, "lease": LEASE}
    )
    return found.first() is not None


async def begin_pass(session: AsyncSession, leased: Leased) -> RowMapping | None:
    """Return where this pass begins, or None when the lease is lost.

    requested_seq (what it covers), cursor, transactions_update_status, rung_at, begun_at, whether the user was told
    that the institution fails, and whether anything of the item may wait in quarantine.
    """
    found = await session.execute(BEGIN_PASS, {"integration_id": leased.integration_id, "token": leased.token})
    return found.mappings().first()


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
