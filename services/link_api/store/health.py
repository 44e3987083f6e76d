"""How well the whole system does, counted from its tables; each statement reads what an index finds of a day."""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

MOST_INSTITUTIONS = 50

CONNECTIONS = text("SELECT status, count(*) AS count FROM plaid_integrations GROUP BY status ORDER BY status")
PENDING = text("""
    SELECT count(*) FROM plaid_integrations
    WHERE status = 'active' AND paused_at IS NULL AND requested_seq > processed_seq
""")
SYNCS = text("""
    SELECT count(*) AS syncs, count(*) FILTER (WHERE NOT success) AS failed,
        avg(sync_duration) FILTER (WHERE success) AS milliseconds
    FROM plaid_sync_history WHERE created_at > now() - interval '24 hours'
""")
INSTITUTIONS = text(f"""
    SELECT i.institution_id, coalesce(max(n.name), max(i.institution_name)) AS name, sum(h.syncs)::bigint AS syncs,
        sum(h.failed)::bigint AS failed
    FROM (
        SELECT integration_id, count(*) AS syncs, count(*) FILTER (WHERE NOT success) AS failed
        FROM plaid_sync_history WHERE created_at > now() - interval '24 hours' GROUP BY integration_id
    ) h
    JOIN plaid_integrations i ON i.id = h.integration_id
    LEFT JOIN institutions n ON n.institution_id = i.institution_id
    GROUP BY i.institution_id ORDER BY failed DESC, syncs DESC, i.institution_id LIMIT {MOST_INSTITUTIONS}
""")
LINKS = text("""
    SELECT count(*) AS ended, count(*) FILTER (WHERE outcome = 'linked') AS linked
    FROM link_sessions WHERE ended_at > now() - interval '24 hours' AND integration_id IS NULL
""")


async def connections(session: AsyncSession) -> dict[str, int]:
    """Return how many integrations have each status."""
    return {row["status"]: row["count"] for row in (await session.execute(CONNECTIONS)).mappings()}


async def pending(session: AsyncSession) -> int:
    """Return how many connections wait for a sync that was asked for, or are in one."""
    return int((await session.execute(PENDING)).scalar_one())


async def syncs(session: AsyncSession) -> RowMapping:
    """Return how many syncs ended within 24 hours and failed, and the milliseconds of one that did not."""
    return (await session.execute(SYNCS)).mappings().one()


async def institutions(session: AsyncSession) -> list[RowMapping]:
    """Return the institutions that were synced within 24 hours, those that failed most often first."""
    return list((await session.execute(INSTITUTIONS)).mappings())


async def links(session: AsyncSession) -> RowMapping:
    """Return how many Link sessions for a new bank ended within 24 hours, and in how many one was linked."""
    return (await session.execute(LINKS)).mappings().one()
