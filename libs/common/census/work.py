"""The oldest work that each queue stands for, as the tables know it: RabbitMQ does not tell how old its messages are.

What waits on purpose is nobody's backlog: items that are paused or whose last sync failed (they come back by back-off),
items of an institution that is left alone, audits that wait for room.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.broker.topology import CATEGORIZE, SWEEP, SYNC
from common.census.items import LIVE

LOOKED_AT = 10_000
"""Undecided transactions among which the oldest is looked for, those that came first."""

UNFAILED = f"""{LIVE} AND last_sync_error IS NULL AND NOT EXISTS (
    SELECT FROM institution_health h WHERE h.institution_id = i.institution_id AND h.open_until > now()
)"""
RUNG = text(f"""
    SELECT extract(epoch FROM now() - min(rung_at))::float8
    FROM plaid_integrations i WHERE requested_seq > processed_seq AND {UNFAILED}
""")
"""The oldest doorbell that is not answered: a webhook since its receipt, anybody else's since it was asked for."""
OVERDUE = text("""
    SELECT extract(epoch FROM now() - min(next_sync_at))::float8
    FROM plaid_integrations WHERE next_sync_at <= now() AND status IN ('active', 'login_required', 'removing')
        AND (paused_at IS NULL OR status = 'removing') AND (lease_token IS NULL OR lease_expires_at < now())
""")
"""What is due and that no sweep has claimed."""
SILENT = text(f"""
    SELECT extract(epoch FROM now() - CAST(:max_silence AS interval) - coalesce(last_sync_at, created_at))::float8
    FROM plaid_integrations i WHERE {UNFAILED} ORDER BY coalesce(last_sync_at, created_at) LIMIT 1
""")
"""What a sweep has claimed, and no worker has come to: by how much the most silent item is more so than it may be."""
UNDECIDED = text(f"""
    SELECT extract(epoch FROM now() - min(updated_at))::float8 FROM (
        SELECT updated_at, decided_version, expense_id FROM plaid_transactions
        WHERE decided_version < version ORDER BY id LIMIT {LOOKED_AT}
    ) first WHERE decided_version > 0 OR expense_id IS NULL
""")
"""Not what a rule or an answer asks for anew (version 0, with its expense): no row says since when."""


async def oldest(session: AsyncSession, max_silence: timedelta) -> Mapping[str, float]:
    """Return by queue the age in seconds of the oldest work that it stands for, 0 where there is none.

    categorizer.learn is not in it: no table tells which corrections were not heard yet.
    """
    swept = [await _age(session, OVERDUE), await _age(session, SILENT, max_silence=max_silence)]
    return {
        SYNC.name: await _age(session, RUNG),
        SWEEP.name: max(swept),
        CATEGORIZE.name: await _age(session, UNDECIDED),
    }


async def _age(session: AsyncSession, statement: TextClause, **values: object) -> float:
    return max(0.0, await session.scalar(statement, values) or 0.0)
