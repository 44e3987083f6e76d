"""One item as a whole: all that an operator asks about it, and nothing that it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.budget.buckets import buckets_of
from common.limits import Limits
from common.plaid.spending import Spender

ITEM = text("""
    SELECT i.id, i.item_id, i.user_id, i.institution_id, coalesce(n.name, i.institution_name) AS institution, i.status,
        i.paused_at, i.created_at AS linked_at, i.days_requested, i.history_from, i.transactions_update_status,
        i.cursor IS NOT NULL AS has_cursor, i.last_sync_at, i.next_sync_at, i.failure_count AS failures,
        i.requested_seq - i.processed_seq AS doorbells, i.requested_trigger AS rung_by, i.rung_at,
        left(i.lease_token::text, 8) AS lease, i.lease_expires_at, i.last_sync_error AS error,
        i.last_sync_error_message AS error_message, i.last_sync_error_request_id AS error_request_id,
        i.last_sync_error_at AS error_at, i.login_checked_at, i.consent_expires_at, i.disconnects_at, i.next_audit_at,
        (SELECT count(*) FROM plaid_transactions t WHERE t.integration_id = i.id AND t.sync_status = 'synced')
            AS transactions,
        (SELECT count(*) FROM quarantined_transactions q WHERE q.integration_id = i.id AND q.resolved_at IS NULL)
            AS quarantined,
        h.open_until AS bank_left_alone_until, h.error_code AS bank_error
    FROM plaid_integrations i
    LEFT JOIN institutions n ON n.institution_id = i.institution_id
    LEFT JOIN institution_health h ON h.institution_id = i.institution_id AND h.open_until > now()
    WHERE i.id = :id
""")
ACCOUNTS = text("""
    SELECT id, account_id, type, subtype, is_active, enabled, revoked_at, balance_as_of
    FROM plaid_accounts WHERE integration_id = :id ORDER BY id
""")
NOTIFICATIONS = text("""
    SELECT kind, created_at, due_at, read_at FROM notifications
    WHERE integration_id = :id AND cleared_at IS NULL ORDER BY id
""")
SYNCS = text("""
    SELECT created_at AS at, sync_type, trigger, success, error_code, transactions_added AS added,
        transactions_modified AS modified, transactions_removed AS removed, sync_duration AS milliseconds,
        correlation_id
    FROM plaid_sync_history WHERE integration_id = :id ORDER BY created_at DESC, id DESC LIMIT 5
""")
AUDIT = text("SELECT id FROM audits WHERE integration_id = :id ORDER BY id DESC LIMIT 1")
BUCKETS = text("""
    SELECT key, slowdown, extract(epoch FROM empty_at - now())::float AS full_for
    FROM rate_buckets WHERE key = ANY(:keys) AND (slowdown > 1 OR empty_at > now())
""")


@dataclass(frozen=True, slots=True)
class Held:
    """A limit of Plaid's that holds up the item's calls now: so many seconds of calls are counted, so much slower."""

    limit: str
    full_for: float
    slowdown: float


@dataclass(frozen=True, slots=True)
class Whole:
    """An item and what stands beside it; rows as their tables have them."""

    item: RowMapping
    accounts: Sequence[RowMapping]
    notifications: Sequence[RowMapping]
    syncs: Sequence[RowMapping]
    audit_id: int | None
    budget: Sequence[Held]


async def whole(session: AsyncSession, integration_id: int, limits: Limits) -> Whole:
    """Return all about an item that exists."""

    async def rows(sql: Any) -> Sequence[RowMapping]:
        return (await session.execute(sql, {"id": integration_id})).mappings().all()

    [item] = await rows(ITEM)
    audits = await rows(AUDIT)
    return Whole(
        item=item,
        accounts=await rows(ACCOUNTS),
        notifications=await rows(NOTIFICATIONS),
        syncs=await rows(SYNCS),
        audit_id=audits[0]["id"] if audits else None,
        budget=await _budget(session, integration_id, limits),
    )


async def _budget(session: AsyncSession, integration_id: int, limits: Limits) -> list[Held]:
    spender = Spender(integration_id)
    found = [bucket for path in limits for bucket in buckets_of(limits, path, spender, from_start=False)]
    keys = [bucket.key for bucket in found if bucket.of_item]
    return [
        Held(row.key.partition(":")[0], round(max(row.full_for, 0.0), 1), row.slowdown)
        for row in await session.execute(BUCKETS, {"keys": keys})
    ]
