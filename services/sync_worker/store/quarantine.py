"""Quarantine: what our schema refused, kept as Plaid sent it, and read again when its time comes."""

from collections.abc import Callable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.domain import life
from sync_worker.domain.pages import Unusable
from sync_worker.store.integrations import CLAIM

PUT = text("""
    INSERT INTO quarantined_transactions AS q (integration_id, transaction_id, raw, reason)
    SELECT :integration_id, * FROM unnest(CAST(:ids AS text[]), CAST(:raws AS text[]), CAST(:reasons AS text[]))
    ON CONFLICT (integration_id, transaction_id) DO UPDATE
    SET raw = excluded.raw, reason = excluded.reason, resolved_at = NULL,
        attempts = CASE WHEN q.resolved_at IS NULL THEN q.attempts + 1 ELSE 1 END,
        next_retry_at = now() + interval '1 hour'
            * power(2, CASE WHEN q.resolved_at IS NULL THEN least(q.attempts, 5) ELSE 0 END)
""")
"""Again after an hour, then doubling to a bit more than a day: only a new release of ours can change the answer."""
DUE = text("""
    SELECT raw FROM quarantined_transactions
    WHERE integration_id = :integration_id AND resolved_at IS NULL AND next_retry_at <= now()
    ORDER BY next_retry_at, id LIMIT :most
""")
WAITING = text("""
    SELECT transaction_id, raw FROM quarantined_transactions
    WHERE integration_id = :integration_id AND resolved_at IS NULL
""")
END = text("""
    UPDATE quarantined_transactions SET resolved_at = now()
    WHERE integration_id = :integration_id AND transaction_id = ANY(:ids)
""")

AT_ONCE = 5_000
MOST_RETRIED = 500
"""As many as a page of Plaid's."""
MOST_WOKEN = 1_000

AT_REST = f"""
    status = '{life.SYNCED}' AND failure_count = 0 AND processed_seq = requested_seq AND next_sync_at > now() + {CLAIM}
"""
WAKE = text(f"""
    UPDATE plaid_integrations SET next_sync_at = now()
    WHERE {AT_REST} AND id = ANY(ARRAY(
        SELECT q.integration_id FROM quarantined_transactions q JOIN plaid_integrations i ON i.id = q.integration_id
        WHERE resolved_at IS NULL AND next_retry_at <= now() AND {AT_REST} ORDER BY next_retry_at LIMIT {MOST_WOKEN}))
""")
"""Not where a sync is asked for already, claimed, or failing: its turn comes, and with it the quarantine's."""


async def wake(session: AsyncSession) -> None:
    """Make due the items some of whose quarantined transactions are due for another try."""
    await session.execute(WAKE)


async def put(session: AsyncSession, integration_id: int, unusable: Sequence[Unusable]) -> None:
    """Keep what we cannot use, with the reason; again and for longer, what we still cannot use."""
    for start in range(0, len(unusable), AT_ONCE):
        some = unusable[start : start + AT_ONCE]
        columns = {
            "ids": [one.transaction_id for one in some],
            "raws": [one.raw for one in some],
            "reasons": [one.reason for one in some],
        }
        await session.execute(PUT, {"integration_id": integration_id, **columns})


async def due(session: AsyncSession, integration_id: int) -> Sequence[str]:
    """Return the raw JSON of what is to be read again now, the longest waiting first."""
    values = {"integration_id": integration_id, "most": MOST_RETRIED}
    return (await session.execute(DUE, values)).scalars().all()


async def end(session: AsyncSession, integration_id: int, over: Callable[[str, str], bool]) -> None:
    """Close the quarantine of transactions that arrived whole or are gone: `over` is asked by id and raw text."""
    waiting = await session.execute(WAITING, {"integration_id": integration_id})
    if ids := [row.transaction_id for row in waiting if over(row.transaction_id, row.raw)]:
        await session.execute(END, {"integration_id": integration_id, "ids": ids})
