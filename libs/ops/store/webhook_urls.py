"""Where Plaid posts the webhooks of each item, as far as we told it ourselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken

REACHED = ("active", "login_required")
"""Statuses in which Plaid still takes the item's token."""
UNTOLD = "status = ANY(:reached) AND access_token IS NOT NULL AND webhook_url IS DISTINCT FROM :url"
STATES = text(f"""
    SELECT status, count(*) AS items, count(*) FILTER (WHERE status = ANY(:reached) AND webhook_url = :url) AS told,
        count(*) FILTER (WHERE {UNTOLD}) AS to_tell
    FROM plaid_integrations GROUP BY status ORDER BY status
""")
NEXT = text(f"""
    SELECT id, item_id, access_token, webhook_url FROM plaid_integrations
    WHERE id > :after AND {UNTOLD} ORDER BY id LIMIT :most
""")
TOLD = text("""
    UPDATE plaid_integrations
    SET webhook_url = CASE WHEN coalesce(webhook_url, '') IN (coalesce(:before, ''), :url) THEN :url END
    WHERE id = :id
""")
"""Where somebody told Plaid another URL meanwhile, nobody knows which of the two it heard last."""


@dataclass(frozen=True, slots=True)
class State:
    """Items of one status: how many, how many have the URL already, how many are to be told."""

    status: str
    items: int
    told: int
    to_tell: int


@dataclass(frozen=True, slots=True)
class Untold:
    """An item of which Plaid was not told the URL."""

    id: int
    item_id: str
    token: SealedToken
    before: str | None


async def states(session: AsyncSession, url: str) -> list[State]:
    """Return how the items stand to this URL, by status."""
    rows = await session.execute(STATES, {"url": url, "reached": list(REACHED)})
    return [State(**row) for row in rows.mappings()]


async def untold(session: AsyncSession, url: str, after: int, most: int) -> Sequence[Untold]:
    """Return items behind this id that are to be told the URL, at most so many, by id."""
    values = {"url": url, "after": after, "most": most, "reached": list(REACHED)}
    rows = await session.execute(NEXT, values)
    return [Untold(row.id, row.item_id, SealedToken(row.access_token), row.webhook_url) for row in rows]


async def told(session: AsyncSession, item: Untold, url: str) -> None:
    """Note that Plaid took the URL for this item."""
    await session.execute(TOLD, {"id": item.id, "before": item.before, "url": url})
