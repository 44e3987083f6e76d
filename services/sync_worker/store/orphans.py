"""Items that ring and are not ours: Plaid bills them still."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.events import WebhookReceived
from sync_worker.domain.life import State

GRACE = "interval '1 day'"
"""Of a removed item: Plaid sends a webhook that nobody took again for so long (plaid.com/docs/api/webhooks)."""
LINKING = "interval '10 minutes'"
"""A new item may ring before its row is stored."""
RINGING = "interval '1 day'"
KEPT = "interval '30 days'"
"""Of silence."""

KNOWN = f"""
    EXISTS (
        SELECT FROM plaid_integrations i WHERE i.item_id = {{item_id}}
            AND (i.status <> '{State.DISCONNECTED}' OR i.updated_at > {{rang_at}} - {GRACE})
    )
"""
"""The last thing that happens to an integration is that Plaid confirms its removal."""
NOTE = text(f"""
    INSERT INTO orphan_items AS o (item_id, first_seen_at, last_seen_at, webhook_type, webhook_code)
    SELECT :item_id, :rang_at, :rang_at, :webhook_type, :webhook_code
    WHERE NOT {KNOWN.format(item_id=":item_id", rang_at="CAST(:rang_at AS timestamptz)")}
    ON CONFLICT (item_id) DO UPDATE
    SET first_seen_at = least(o.first_seen_at, excluded.first_seen_at),
        last_seen_at = greatest(o.last_seen_at, excluded.last_seen_at), webhooks = o.webhooks + 1,
        webhook_type = excluded.webhook_type, webhook_code = excluded.webhook_code
    RETURNING o.item_id
""")
CLEAR = text(f"""
    DELETE FROM orphan_items o
    WHERE o.last_seen_at < now() - {KEPT} OR {KNOWN.format(item_id="o.item_id", rang_at="o.last_seen_at")}
""")
COUNT = text(f"""
    SELECT count(*) FROM orphan_items WHERE last_seen_at > now() - {RINGING} AND first_seen_at < now() - {LINKING}
""")


async def note(session: AsyncSession, webhook: WebhookReceived) -> bool:
    """Put it on record that an item rang which is not ours; return False where it is, or was a day ago."""
    values = {
        "item_id": webhook.item_id,
        "rang_at": webhook.received_at,
        "webhook_type": webhook.webhook_type,
        "webhook_code": webhook.webhook_code,
    }
    return (await session.execute(NOTE, values)).first() is not None


async def clear(session: AsyncSession) -> int:
    """Forget what turned out to be ours or fell silent; return how many ring still, and not since a moment ago."""
    await session.execute(CLEAR)
    return int((await session.execute(COUNT)).scalar_one())
