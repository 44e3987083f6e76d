"""The fence: a pass stands only if the item is still its worker's, and where it was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain import life
from sync_worker.domain.accounts import Account, to_json
from sync_worker.store import history
from sync_worker.store.history import Entry
from sync_worker.store.integrations import UNANSWERED
from sync_worker.store.leases import Leased


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


FENCE = text(f"""
    WITH history AS ({history.HISTORY.text})
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


async def move(session: AsyncSession, leased: Leased, progress: Progress, entry: Entry) -> bool | None:
    """Move the cursor if the item is still ours and where we found it, and write the history; None when it is not.

    Return whether every doorbell is answered: then the item is let go with it.
    """
    found = await session.execute(
        FENCE,
        history.values(entry)
        | {
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
