"""The bank's transactions. Set-based, one statement a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.database import reach_by_index
from sync_worker.domain.pages import Page
from sync_worker.domain.plan import Known, Plan
from sync_worker.store import versions

# `+ 0` fits no index: the rows of a few transactions are reached by their ids, not by reading all of the integration's.
LOCK_KNOWN = text("""
    SELECT transaction_id, content_hash, sync_status = 'removed' AS removed FROM plaid_transactions
    WHERE transaction_id = ANY(:ids) AND integration_id + 0 = :integration_id
    ORDER BY transaction_id FOR UPDATE
""")

RECORD = {
    "account_id": "text",
    "transaction_id": "text",
    "amount": "numeric",
    "iso_currency_code": "text",
    "unofficial_currency_code": "text",
    "date": "date",
    "authorized_date": "date",
    "datetime": "timestamptz",
    "authorized_datetime": "timestamptz",
    "name": "text",
    "merchant_name": "text",
    "merchant_entity_id": "text",
    "original_description": "text",
    "category_id": "text",
    "category": "jsonb",
    "payment_channel": "text",
    "transaction_code": "text",
    "check_number": "text",
    "location": "jsonb",
    "payment_meta": "jsonb",
    "counterparties": "jsonb",
    "pending": "boolean",
    "pending_transaction_id": "text",
    "personal_finance_category": "jsonb",
}
"""The columns of a page's rows as `domain.pages` writes them, with their types."""
COLUMNS = [name for name in RECORD if name not in {"account_id", "personal_finance_category"}]
CATEGORY_COLUMNS = {
    "pfc_primary": "primary",
    "pfc_detailed": "detailed",
    "pfc_confidence": "confidence_level",
    "pfc_version": "version",
}
WRITTEN = [*COLUMNS, *CATEGORY_COLUMNS]

UPSERT_TRANSACTIONS = text(f"""
    INSERT INTO plaid_transactions (integration_id, account_id, content_hash, {", ".join(WRITTEN)})
    SELECT :integration_id, a.id, r.hash, {", ".join(f"r.{name}" for name in COLUMNS)},
        {", ".join(f"r.personal_finance_category->>'{field}'" for field in CATEGORY_COLUMNS.values())}
    FROM ROWS FROM (
            jsonb_to_recordset(CAST(:rows AS jsonb)) AS ({", ".join(map(" ".join, RECORD.items()))}),
            unnest(CAST(:hashes AS bytea[]))
        ) AS r({", ".join(RECORD)}, hash)
    JOIN plaid_accounts a ON a.account_id = r.account_id AND a.integration_id = :integration_id
    ORDER BY r.transaction_id
    ON CONFLICT (transaction_id) DO UPDATE SET
        account_id = excluded.account_id, content_hash = excluded.content_hash,
        {", ".join(f"{name} = excluded.{name}" for name in WRITTEN if name != "transaction_id")},
        sync_status = 'synced', version = plaid_transactions.version + 1, updated_at = now()
    WHERE plaid_transactions.integration_id = excluded.integration_id
    RETURNING id
""")

TOMBSTONE = text("""
    UPDATE plaid_transactions SET sync_status = 'removed', version = version + 1, updated_at = now()
    WHERE transaction_id = ANY(:ids) AND integration_id + 0 = :integration_id
    RETURNING id
""")

STANDING = text("""
    SELECT transaction_id FROM plaid_transactions
    WHERE sync_status = 'synced' AND account_id = ANY(ARRAY(
        SELECT id FROM plaid_accounts WHERE integration_id = :integration_id AND is_active
    ))
""")
"""What an account held that Plaid names no more is history and stays: no reading mentions it ever again."""

AT_ONCE = 5_000
"""Rows of one statement where no page bounds them: far from any timeout."""


async def standing(session: AsyncSession, integration_id: int) -> Sequence[str]:
    """Return the ids that stand with us, of accounts that Plaid still names."""
    return (await session.execute(STANDING, {"integration_id": integration_id})).scalars().all()


async def lock_known(session: AsyncSession, integration_id: int, ids: Sequence[str]) -> Mapping[str, Known]:
    """Lock our rows of these transactions in transaction_id order (the categorizer uses the same) and return them."""
    await reach_by_index(session)
    rows = await session.execute(LOCK_KNOWN, {"integration_id": integration_id, "ids": list(ids)})
    return {row.transaction_id: Known(row.content_hash, row.removed) for row in rows}


async def write(session: AsyncSession, integration_id: int, pages: Sequence[Page], todo: Plan) -> list[int]:
    """Carry out the plan, keep what it replaces; return the ids of the rows that have a new version."""
    changed: list[int] = []
    for start in range(0, len(todo.replaced), AT_ONCE):
        await versions.keep(session, integration_id, todo.replaced[start : start + AT_ONCE])
    for number, lines in todo.lines.items():
        page = pages[number]
        rows: dict[str, Any] = {
            "integration_id": integration_id,
            "rows": page.rows(lines),
            "hashes": [page.hashes[line] for line in lines],
        }
        changed += (await session.execute(UPSERT_TRANSACTIONS, rows)).scalars()
    for start in range(0, len(todo.removed), AT_ONCE):
        gone = {"integration_id": integration_id, "ids": todo.removed[start : start + AT_ONCE]}
        changed += (await session.execute(TOMBSTONE, gone)).scalars()
    return changed
