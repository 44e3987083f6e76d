"""What the bank told of transactions before: kept for whoever asks why an expense is what it is."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

MOST = 20
"""Versions of a transaction that are kept, the newest: a bank that tells one anew every day fills no disk."""

KEPT = """
    amount, iso_currency_code, unofficial_currency_code, date, authorized_date, datetime, authorized_datetime, name,
    merchant_name, original_description, payment_channel, check_number, pfc_primary, pfc_detailed, pfc_confidence,
    pfc_version, pending, pending_transaction_id, sync_status
"""
KEEP = text(f"""
    WITH kept AS (
        INSERT INTO plaid_transaction_versions (transaction_id, version, told_at, {KEPT})
        SELECT id, version, updated_at, {KEPT} FROM plaid_transactions
        WHERE transaction_id = ANY(:ids) AND integration_id + 0 = :integration_id
        RETURNING transaction_id, version
    )
    DELETE FROM plaid_transaction_versions v USING kept
    WHERE v.transaction_id = kept.transaction_id AND v.version <= kept.version - :most
""")


async def keep(session: AsyncSession, integration_id: int, ids: Sequence[str]) -> None:
    """Keep our rows of these transactions, which the caller has locked, as they are before he writes them anew."""
    await session.execute(KEEP, {"integration_id": integration_id, "ids": ids, "most": MOST})
