"""Audits: what is ordered, what they compare, what they found, and the new beginning that heals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import SyncRequested
from common.sealing import SealedToken
from sync_worker.domain.audit import Findings, Held, Ours
from sync_worker.domain.schedule import COMPLETE

MOST = 5
"""Audits under way at once in a deployment: sweeps share their queue, and must not wait behind them."""
WITHIN = timedelta(hours=1)
"""An audit that was begun and did not end by then, since its worker died, is asked for again, and not before."""
EVERY = timedelta(days=7)
"""The slow schedule, spread by a quarter, so that items that were linked together drift apart."""
KEPT = timedelta(days=90)
PRUNED_AT_ONCE = 1000
CLAIM_LOCK = 4_021_027
"""Of the one sweep that counts what is under way and claims: two at once would fill the same room twice."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An audit that nobody else carries out now; `attempts` were begun, this one included."""

    integration_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Begun:
    """An item that is to be audited: our side, as it stood in one moment."""

    integration_id: int
    access_token: SealedToken | None
    cursor: str | None
    ours: Ours


TAKE = text("""
    UPDATE audits
    SET begun_at = now(), begun_by = :worker, due_at = now() + :within, attempts = attempts + 1
    WHERE id = :audit_id AND finished_at IS NULL
        AND (begun_at IS NULL OR begun_at <= now() - CAST(:within AS interval) OR begun_by = :worker)
    RETURNING integration_id, attempts
""")

SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
ORDERED = text("""
    SELECT i.id, i.access_token, i.cursor FROM audits a JOIN plaid_integrations i ON i.id = a.integration_id
    WHERE a.id = :audit_id AND a.finished_at IS NULL
""")
ACCOUNTS = text("SELECT id, account_id, is_active FROM plaid_accounts WHERE integration_id = :integration_id")
STANDING = text("""
    SELECT transaction_id, content_hash, account_id FROM plaid_transactions
    WHERE integration_id = :integration_id AND sync_status = 'synced'
""")
WAITING = text("""
    SELECT transaction_id FROM quarantined_transactions WHERE integration_id = :integration_id AND resolved_at IS NULL
""")

FINISH = text("""
    UPDATE audits
    SET finished_at = now(), compared = :compared, missing = :missing, extra = :extra, different = :different,
        quarantined = :quarantined, sample = CAST(:sample AS jsonb)
    WHERE id = :audit_id AND finished_at IS NULL RETURNING integration_id, heal
""")
GIVE_UP = text("""
    UPDATE audits SET finished_at = now(), error_code = :error_code
    WHERE id = :audit_id AND finished_at IS NULL RETURNING id
""")
PUT_OFF = text("""
    UPDATE audits SET due_at = now() + :pause, begun_at = NULL, begun_by = NULL, attempts = attempts - 1
    WHERE id = :audit_id AND begun_by = :worker AND finished_at IS NULL
""")

BEGIN_AGAIN = text("""
    UPDATE plaid_integrations SET cursor = NULL, updated_at = now()
    WHERE id = :integration_id AND status IN ('active', 'login_required') RETURNING id
""")

CLAIM_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
PRUNE = text("""
    DELETE FROM audits WHERE id IN (
        SELECT id FROM audits WHERE finished_at < now() - CAST(:kept AS interval) ORDER BY finished_at LIMIT :most
    )
""")
UNDER_WAY = text("SELECT count(*) FROM audits WHERE finished_at IS NULL AND due_at > now()")
CLAIM_ORDERS = text("""
    UPDATE audits SET due_at = now() + :within
    WHERE id IN (
        SELECT id FROM audits WHERE finished_at IS NULL AND due_at <= now()
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")
CLAIM_SCHEDULED = text(f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM plaid_integrations
        WHERE status = 'active' AND paused_at IS NULL AND next_audit_at <= now()
        ORDER BY next_audit_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE plaid_integrations i SET next_audit_at = now() + CAST(:every AS interval) * (0.75 + random() / 2)
        FROM due WHERE i.id = due.id RETURNING i.id, i.transactions_update_status
    )
    INSERT INTO audits (integration_id, heal, due_at)
    SELECT id, true, now() + :within FROM moved WHERE transactions_update_status = '{COMPLETE}'
    ON CONFLICT (integration_id) WHERE finished_at IS NULL DO NOTHING
    RETURNING id
""")


async def take(session: AsyncSession, audit_id: int, worker: UUID) -> Taken | None:
    """Take an audit in hand; None when it is done, or another worker began it within the hour.

    To be committed before the work, so that a worker which dies of it has counted its attempt.
    """
    values = {"audit_id": audit_id, "worker": worker, "within": WITHIN}
    taken = (await session.execute(TAKE, values)).first()
    return None if taken is None else Taken(taken.integration_id, taken.attempts)


async def begin(session: AsyncSession, audit_id: int) -> Begun | None:
    """Return our side of an audit as it stands in one moment; None when the audit is done already.

    Begins the transaction: a snapshot, since rows and cursor must be of the same moment.
    """
    await session.execute(SNAPSHOT)
    found = (await session.execute(ORDERED, {"audit_id": audit_id})).first()
    if found is None:
        return None
    token = SealedToken(found.access_token) if found.access_token else None
    return Begun(found.id, token, found.cursor, await _ours(session, found.id))


async def _ours(session: AsyncSession, integration_id: int) -> Ours:
    whose = {"integration_id": integration_id}
    accounts = {row.id: row for row in await session.execute(ACCOUNTS, whose)}
    rows: dict[str, Held] = {}
    async for row in await session.stream(STANDING, whose):
        rows[row.transaction_id] = Held(row.content_hash, accounts[row.account_id].account_id)
    active = frozenset(account.account_id for account in accounts.values() if account.is_active)
    return Ours(rows, active, frozenset((await session.execute(WAITING, whose)).scalars()))


async def finish(session: AsyncSession, audit_id: int, findings: Findings) -> bool:
    """Store what an audit found, and begin again where it is to heal; return False when it was done before."""
    values = {"compared": findings.compared, "quarantined": findings.quarantined, "sample": json.dumps(findings.sample)}
    done = (await session.execute(FINISH, {"audit_id": audit_id} | values | findings.counts)).first()
    if done is not None and done.heal and findings.sample:
        await begin_again(session, done.integration_id)
    return done is not None


async def give_up(session: AsyncSession, audit_id: int, error_code: str) -> bool:
    """Store why an audit could not be done; return False when it was done before."""
    found = await session.execute(GIVE_UP, {"audit_id": audit_id, "error_code": error_code})
    return found.first() is not None


async def put_off(session: AsyncSession, audit_id: int, worker: UUID, pause: timedelta) -> None:
    """Give the audit out of hand; it is asked for again after a pause, and its attempt does not count."""
    await session.execute(PUT_OFF, {"audit_id": audit_id, "worker": worker, "pause": pause})


async def begin_again(session: AsyncSession, integration_id: int) -> bool:
    """Have all of an item read again from the beginning; return False when it is not connected.

    Without a cursor the next sync is complete: it writes what differs and removes what Plaid does not name. A sync
    under way cannot commit any more, since its cursor is gone.
    """
    if (await session.execute(BEGIN_AGAIN, {"integration_id": integration_id})).first() is None:
        return False
    event = SyncRequested(integration_id=integration_id, trigger="audit", requested_at=datetime.now(UTC))
    await outbox.emit(session, event)
    return True


async def claim_due(session: AsyncSession, most: int = MOST) -> Sequence[int]:
    """Return the audits to ask for now, so that at most so many are under way: first orders, then the schedule's.

    A scheduled audit heals: healing is the ordinary path, and the metric tells of it. While another sweep claims,
    this one claims nothing. Who claims also forgets some of the audits that ended long ago.
    """
    if not (await session.execute(CLAIM_ALONE, {"key": CLAIM_LOCK})).scalar_one():
        return []
    await session.execute(PRUNE, {"kept": KEPT, "most": PRUNED_AT_ONCE})
    room = most - (await session.execute(UNDER_WAY)).scalar_one()
    if room <= 0:
        return []
    orders = (await session.execute(CLAIM_ORDERS, {"within": WITHIN, "most": room})).scalars().all()
    scheduled: Sequence[int] = []
    if room := room - len(orders):
        values = {"within": WITHIN, "every": EVERY, "most": room}
        scheduled = (await session.execute(CLAIM_SCHEDULED, values)).scalars().all()
    return [*orders, *scheduled]
