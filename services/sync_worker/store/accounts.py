"""The bank's accounts. Rows are written in the order of code points, as link_api does: no deadlock."""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain.accounts import Account, Census, Known, to_json

SECOND_THOUGHTS = "interval '1 day'"
"""An account whose revocation was told, and that Plaid goes on naming for so long, was not revoked after all."""

UPSERT = text(f"""
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
        is_active = coalesce(plaid_accounts.revoked_at < now() - {SECOND_THOUGHTS}, true),
        revoked_at = CASE WHEN plaid_accounts.revoked_at >= now() - {SECOND_THOUGHTS}
            THEN plaid_accounts.revoked_at END,
        updated_at = now()
    WHERE plaid_accounts.integration_id = excluded.integration_id
    RETURNING account_id
""")
KNOWN = text(f"""
    SELECT id, account_id, persistent_account_id, type, subtype, mask, is_active,
        coalesce(revoked_at < now() - {SECOND_THOUGHTS}, true) AND EXISTS (
            SELECT FROM notifications n WHERE n.account_id = a.id AND n.integration_id = a.integration_id
                AND n.kind = 'account_revoked' AND n.cleared_at IS NULL
        ) AS told_gone
    FROM plaid_accounts a WHERE integration_id = :integration_id
    ORDER BY account_id COLLATE "C" FOR NO KEY UPDATE OF a
""")
"""Locked in the order in which everybody writes accounts."""
RENAME = text("""
    UPDATE plaid_accounts a SET account_id = r.new, updated_at = now()
    FROM unnest(CAST(:old AS text[]), CAST(:new AS text[])) AS r(old, new)
    WHERE a.integration_id = :integration_id AND a.account_id = r.old
""")
VANISH = text("""
    UPDATE plaid_accounts SET is_active = false, updated_at = now()
    WHERE integration_id = :integration_id AND id = ANY(:ids)
""")
REVOKE = text("""
    UPDATE plaid_accounts SET revoked_at = coalesce(revoked_at, now()), is_active = false, updated_at = now()
    WHERE integration_id = :integration_id AND account_id = :account_id
    RETURNING id
""")
FORGIVE = text("""
    UPDATE plaid_accounts SET revoked_at = NULL, is_active = true, updated_at = now()
    WHERE integration_id = :integration_id AND revoked_at IS NOT NULL
""")


async def known(session: AsyncSession, integration_id: int) -> list[Known]:
    """Lock and return the accounts that we hold for the integration, also those that Plaid names no more."""
    rows = await session.execute(KNOWN, {"integration_id": integration_id})
    return [
        Known(
            id=row.id,
            account_id=row.account_id,
            persistent_account_id=row.persistent_account_id,
            type=row.type,
            subtype=row.subtype,
            mask=row.mask,
            is_active=row.is_active,
            told_gone=row.told_gone,
        )
        for row in rows
    ]


async def upsert(session: AsyncSession, integration_id: int, accounts: Sequence[Account]) -> set[str]:
    """Store accounts and balances as Plaid states them and return their ids, but for those of another integration.

    Never touches `enabled`, which is the user's.
    """
    values = {"integration_id": integration_id, "accounts": to_json(accounts)}
    return set((await session.execute(UPSERT, values)).scalars())


async def rename(session: AsyncSession, integration_id: int, census: Census) -> None:
    """Let our rows follow accounts whose id changed: the same account, with all that hangs on it."""
    if census.renamed:
        old, new = zip(*sorted(census.renamed.items()), strict=True)
        await session.execute(RENAME, {"integration_id": integration_id, "old": list(old), "new": list(new)})


async def vanish(session: AsyncSession, integration_id: int, ids: Collection[int]) -> None:
    """Mark the accounts that Plaid names no more."""
    if ids:
        await session.execute(VANISH, {"integration_id": integration_id, "ids": sorted(ids)})


async def revoke(session: AsyncSession, integration_id: int, account_id: str) -> int | None:
    """Mark the account that its user took back; return our id of it, or None when we do not know it."""
    values = {"integration_id": integration_id, "account_id": account_id}
    found: int | None = (await session.execute(REVOKE, values)).scalar_one_or_none()
    return found


async def forgive(session: AsyncSession, integration_id: int) -> None:
    """Forget all revocations: the user has chosen anew, and the next sync states who is there."""
    await known(session, integration_id)  # the locks, in everybody's order
    await session.execute(FORGIVE, {"integration_id": integration_id})
