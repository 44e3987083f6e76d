"""Accounts, as Plaid stated them at the link or at the last sync."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.duplicates import KnownAccount
from link_api.domain.link_results import Look

COLUMNS = (
    "account_id", "persistent_account_id", "name", "official_name", "type", "subtype", "mask", "current_balance",
    "available_balance", "credit_limit", "iso_currency_code", "unofficial_currency_code", "balance_as_of",
)  # fmt: skip

ADD = text(f"""
    INSERT INTO plaid_accounts (integration_id, {", ".join(COLUMNS)})
    VALUES (:integration_id, {", ".join(f":{name}" for name in COLUMNS)})
    ON CONFLICT (account_id) DO NOTHING
""")
"""A sync that was faster has written the same accounts, no older than these."""

VIEW = """
    SELECT a.id, a.integration_id, coalesce(n.name, i.institution_name) AS institution_name, a.name, a.official_name,
        a.type, a.subtype, a.mask, a.current_balance, a.available_balance, a.credit_limit, a.iso_currency_code,
        a.unofficial_currency_code, a.balance_as_of, a.enabled, a.is_active, a.revoked_at
    FROM plaid_accounts a
    JOIN plaid_integrations i ON i.id = a.integration_id
    LEFT JOIN institutions n ON n.institution_id = i.institution_id
    WHERE i.user_id = :user_id
"""
LIST = text(f"""{VIEW} AND i.is_active AND (a.is_active OR :inactive) ORDER BY a.integration_id, a.id""")
ONE = text(f"{VIEW} AND a.id = :account_id")
KNOWN = text("""
    SELECT a.integration_id, a.mask, a.subtype, a.type, a.name, a.official_name
    FROM plaid_accounts a JOIN plaid_integrations i ON i.id = a.integration_id
    WHERE i.user_id = :user_id AND i.institution_id = :institution_id AND i.is_active AND i.status <> 'revoked'
        AND a.is_active
    ORDER BY a.id
""")
"""Not those of a revoked item: linking that bank anew is the remedy."""

OWNED = text("""
    SELECT a.id FROM plaid_accounts a JOIN plaid_integrations i ON i.id = a.integration_id
    WHERE a.id = :account_id AND i.user_id = :user_id
""")
LOCK = text("""
    SELECT a.integration_id, a.enabled FROM plaid_accounts a JOIN plaid_integrations i ON i.id = a.integration_id
    WHERE a.id = :account_id AND i.user_id = :user_id
    FOR UPDATE OF a
""")
"""Waits for whoever inserts transactions of the account, and they for us: so we see each one, or it sees the switch."""
SWITCH = text("UPDATE plaid_accounts SET enabled = :enabled, updated_at = now() WHERE id = :account_id")
TRANSACTIONS = text("""
    SELECT id FROM plaid_transactions WHERE account_id = :account_id AND sync_status = 'synced' ORDER BY id
""")


async def is_owned(session: AsyncSession, user_id: int, account_id: int) -> bool:
    """Return whether the account is the user's, also one of a bank that is disconnected."""
    values = {"user_id": user_id, "account_id": account_id}
    return (await session.execute(OWNED, values)).one_or_none() is not None


async def add(session: AsyncSession, integration_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Store accounts that are not stored yet; rows in account_id order, as every writer of this table has them."""
    if rows:
        await session.execute(ADD, [{"integration_id": integration_id, **row} for row in rows])


async def page(session: AsyncSession, user_id: int, *, inactive: bool) -> list[RowMapping]:
    """Return the accounts of the user's connected integrations; `inactive`: also those that Plaid no longer names."""
    return list((await session.execute(LIST, {"user_id": user_id, "inactive": inactive})).mappings())


async def one(session: AsyncSession, user_id: int, account_id: int) -> RowMapping | None:
    """Return the account if it is this user's, also one of a bank that is disconnected."""
    values = {"user_id": user_id, "account_id": account_id}
    return (await session.execute(ONE, values)).mappings().one_or_none()


async def switch(session: AsyncSession, user_id: int, account_id: int, *, enabled: bool) -> int | None:
    """Switch this user's account; return its integration if that changed anything, else None."""
    found = (await session.execute(LOCK, {"user_id": user_id, "account_id": account_id})).one_or_none()
    if found is None or found.enabled == enabled:
        return None
    await session.execute(SWITCH, {"account_id": account_id, "enabled": enabled})
    integration_id: int = found.integration_id
    return integration_id


async def transactions_of(session: AsyncSession, account_id: int) -> list[int]:
    """Return our ids of the account's transactions that stand at the bank."""
    return list((await session.execute(TRANSACTIONS, {"account_id": account_id})).scalars())


async def known(session: AsyncSession, user_id: int, institution_id: str) -> list[KnownAccount]:
    """Return what the user has linked at the institution."""
    rows = await session.execute(KNOWN, {"user_id": user_id, "institution_id": institution_id})
    return [
        KnownAccount(
            row.integration_id,
            {Look.of(row.mask, row.subtype, row.type, name) for name in (row.name, row.official_name) if name},
        )
        for row in rows
    ]
