"""Integrations: one linked item each."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.sealing import SealedToken

VIEW = """
    SELECT i.id, i.institution_id, coalesce(n.name, i.institution_name) AS institution_name, n.primary_color, n.logo,
        i.status, i.transactions_update_status, i.days_requested, i.history_from, i.last_sync_at, i.next_sync_at,
        i.disconnects_at, i.consent_expires_at, i.created_at,
        i.last_sync_error, i.last_sync_error_message, i.last_sync_error_request_id, i.last_sync_error_at,
        i.status = 'active' AND i.paused_at IS NOT NULL AS paused,
        i.status = 'active' AND i.paused_at IS NULL
            AND (i.requested_seq > i.processed_seq OR coalesce(i.lease_expires_at > now(), false))
            AS syncing,
        (SELECT count(*) FROM plaid_transactions t WHERE t.integration_id = i.id AND t.sync_status = 'synced')
            AS transactions
    FROM plaid_integrations i LEFT JOIN institutions n ON n.institution_id = i.institution_id
    WHERE i.user_id = :user_id
"""
LIST = text(f"{VIEW} AND (i.status <> 'disconnected' OR :disconnected) ORDER BY i.id")
ONE = text(f"{VIEW} AND i.id = :id")

LINK = text("""
    SELECT status, access_token, paused_at IS NOT NULL AS paused FROM plaid_integrations
    WHERE id = :id AND user_id = :user_id
""")
ADD = text("""
    INSERT INTO plaid_integrations (user_id, item_id, access_token, institution_id, institution_name, days_requested)
    VALUES (:user_id, :item_id, :access_token, left(:institution_id, 255), left(:institution_name, 255),
        :days_requested)
    ON CONFLICT (item_id) DO UPDATE SET access_token = excluded.access_token, updated_at = now()
    WHERE plaid_integrations.user_id = excluded.user_id
    RETURNING id
""")
NAME = text("""
    UPDATE plaid_integrations
    SET institution_id = left(:institution_id, 255), institution_name = coalesce(left(:name, 255), institution_name),
        updated_at = now()
    WHERE id = :id
""")
DISCONNECT = text("""
    UPDATE plaid_integrations
    SET status = 'removing', is_active = false, lease_token = NULL, lease_expires_at = NULL, next_sync_at = now(),
        updated_at = now()
    WHERE id = :id AND user_id = :user_id AND is_active
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Link:
    """An integration's status and the token of its item; None once Plaid confirmed the removal."""

    status: str
    access_token: SealedToken | None
    paused: bool


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item whose public token was just exchanged."""

    item_id: str
    access_token: SealedToken
    institution_id: str | None
    institution_name: str | None
    days_requested: int


async def page(session: AsyncSession, user_id: int, *, disconnected: bool) -> list[RowMapping]:
    """Return the user's integrations, oldest first."""
    rows = await session.execute(LIST, {"user_id": user_id, "disconnected": disconnected})
    return list(rows.mappings())


async def find(session: AsyncSession, user_id: int, integration_id: int) -> RowMapping | None:
    """Return the integration if it is this user's."""
    rows = await session.execute(ONE, {"user_id": user_id, "id": integration_id})
    return rows.mappings().one_or_none()


async def link(session: AsyncSession, user_id: int, integration_id: int) -> Link | None:
    """Return the way to the integration's item if it is this user's."""
    rows = await session.execute(LINK, {"user_id": user_id, "id": integration_id})
    row = rows.one_or_none()
    if row is None:
        return None
    return Link(row.status, SealedToken(row.access_token) if row.access_token else None, row.paused)


async def add(session: AsyncSession, user_id: int, item: NewItem) -> int | None:
    """Store the item and return its integration's id; None if it is another user's.

    Storing the same item again replaces its token.
    """
    row = {
        "user_id": user_id,
        "item_id": item.item_id,
        "access_token": item.access_token.ciphertext,
        "institution_id": item.institution_id,
        "institution_name": item.institution_name,
        "days_requested": item.days_requested,
    }
    added: int | None = (await session.execute(ADD, row)).scalar_one_or_none()
    return added


async def set_institution(session: AsyncSession, integration_id: int, institution_id: str, name: str | None) -> None:
    """Note the item's institution as Plaid's API states it."""
    await session.execute(NAME, {"id": integration_id, "institution_id": institution_id, "name": name})


async def disconnect(session: AsyncSession, user_id: int, integration_id: int) -> bool:
    """End the integration's syncs and any lease; return whether that was still to do."""
    row = {"user_id": user_id, "id": integration_id}
    return (await session.execute(DISCONNECT, row)).one_or_none() is not None
