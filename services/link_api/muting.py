"""Mutes an account, or lets it speak again: its rows stay, its expenses are decided anew."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import CHUNK, TransactionsChanged
from link_api.store import accounts


async def switch(session: AsyncSession, user_id: int, account_id: int, *, enabled: bool) -> None:
    """Switch this user's account, and have the categorizer look at all of its transactions if that changes anything."""
    switched = await accounts.switch(session, user_id, account_id, enabled=enabled)
    if switched is None:
        return
    ids, at = await accounts.transactions_of(session, account_id), datetime.now(UTC)
    events = (
        TransactionsChanged(integration_id=switched, transaction_ids=ids[start : start + CHUNK], rung_at=at)
        for start in range(0, len(ids), CHUNK)
    )
    await outbox.emit(session, *events)
