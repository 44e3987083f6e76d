"""The bank's rows: accounts, transactions and quarantine. Set-based, one statement a page."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.database import reach_by_index
from sync_worker.domain.accounts import Account, to_json
from sync_worker.domain.pages import Page, Unusable
from sync_worker.domain.plan import Known, Plan

UPSERT_ACCOUNTS = text("""
    INSERT INTO plaid_accounts (integration_id, account_id, persistent_account_id, name, official_name, type, subtype,
        mask, current_balance, available_balance, credit_limit, iso_currency_code, unofficial_currency_code,
        balance_as_of)
    SELECT :integration_id, account_id, persistent_account_id, coalesce(name, official_name, 'Account'),
        official_name, left(coalesce(type, 'other'), 50), left(subtype, 50), left(mask, 10),
        CAST(balances->>'current' AS numeric), CAST(balances->>'available' AS numeric),
        CAST(balances->>'limit' AS numeric), balances->>'iso_currency_code', balances->>'unofficial_currency_code',
        coalesce(CAST(balances->>'last_updated_datetime' AS timestamptz), now())
    FROM json_to_recordset(CAST(:accounts AS json)) AS a(account_id text, persistent_account_id text, name text,
            official_name text, type text, subtype text, mask text, balances json)
    ORDER BY account_id COLLATE "C"
    ON CONFLICT (account_id) DO UPDATE SET
        persistent_account_id = excluded.persistent_account_id, name = excluded.name,
        official_name = excluded.official_name, type = excluded.type, subtype = excluded.subtype, mask = excluded.mask,
        current_balance = excluded.current_balance, available_balance = excluded.available_balance,
        credit_limit = excluded.credit_limit, iso_currency_code = excluded.iso_currency_code,
        unofficial_currency_code = excluded.unofficial_currency_code, balance_as_of = excluded.balance_as_of,
        is_active = true, updated_at = now()
    WHERE plaid_accounts.integration_id = excluded.integration_id
""")
"""Rows in the order of code points, as link_api writes them, whatever the database's collation: no deadlock."""

ACCOUNT_IDS = text("SELECT account_id FROM plaid_accounts WHERE integration_id = :integration_id")

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
            json_to_recordset(CAST(:rows AS json)) AS ({", ".join(f"{name} {kind}" for name, kind in RECORD.items())}),
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

QUARANTINE = text("""
    INSERT INTO quarantined_transactions (integration_id, transaction_id, raw, reason)
    SELECT :integration_id, * FROM unnest(CAST(:ids AS text[]), CAST(:raws AS text[]), CAST(:reasons AS text[]))
    ON CONFLICT (integration_id, transaction_id) DO UPDATE
    SET raw = excluded.raw, reason = excluded.reason, resolved_at = NULL
""")
WAITING = text("""
    SELECT transaction_id FROM quarantined_transactions WHERE integration_id = :integration_id AND resolved_at IS NULL
""")
HEAL = text("""
    UPDATE quarantined_transactions SET resolved_at = now()
    WHERE integration_id = :integration_id AND transaction_id = ANY(:ids)
""")

AT_ONCE = 5_000
"""Rows of one statement where no page bounds them: far from any timeout."""


async def known_accounts(session: AsyncSession, integration_id: int) -> set[str]:
    """Return Plaid's ids of the accounts that we hold for the integration."""
    return set((await session.execute(ACCOUNT_IDS, {"integration_id": integration_id})).scalars())


async def upsert_accounts(session: AsyncSession, integration_id: int, accounts: Sequence[Account]) -> None:
    """Store accounts and balances as Plaid states them; never touches `enabled`, which is the user's."""
    await session.execute(UPSERT_ACCOUNTS, {"integration_id": integration_id, "accounts": to_json(accounts)})


async def lock_known(session: AsyncSession, integration_id: int, ids: Sequence[str]) -> Mapping[str, Known]:
    """Lock our rows of these transactions in transaction_id order (the categorizer uses the same) and return them."""
    await reach_by_index(session)
    rows = await session.execute(LOCK_KNOWN, {"integration_id": integration_id, "ids": list(ids)})
    return {row.transaction_id: Known(row.content_hash, row.removed) for row in rows}


async def write(session: AsyncSession, integration_id: int, pages: Sequence[Page], todo: Plan) -> list[int]:
    """Carry out the plan; return the ids of the rows that have a new version."""
    changed: list[int] = []
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


async def quarantine(session: AsyncSession, integration_id: int, unusable: Sequence[Unusable]) -> None:
    """Keep what we cannot use, with the reason, for replay."""
    for start in range(0, len(unusable), AT_ONCE):
        some = unusable[start : start + AT_ONCE]
        columns = {
            "ids": [one.transaction_id for one in some],
            "raws": [one.raw for one in some],
            "reasons": [one.reason for one in some],
        }
        await session.execute(QUARANTINE, {"integration_id": integration_id, **columns})


async def heal(session: AsyncSession, integration_id: int, ids: Collection[str]) -> None:
    """Close the quarantine of transactions that arrived whole or are gone."""
    waiting = (await session.execute(WAITING, {"integration_id": integration_id})).scalars()
    if over := set(waiting).intersection(ids):
        await session.execute(HEAL, {"integration_id": integration_id, "ids": list(over)})
