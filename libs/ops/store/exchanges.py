"""Exchanges of public tokens that began and never ended: whoever did them died, or Plaid's answer was lost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

UNENDED = "FROM public_token_exchanges WHERE integration_id IS NULL AND claimed_until <= now()"
SOME = text(f"""
    SELECT id, user_id, institution_id, institution_name, item_id, attempts, begun_at
    {UNENDED} ORDER BY begun_at DESC, id DESC LIMIT :most
""")
COUNT = text(f"SELECT count(*) {UNENDED}")
SETTLE = text(f"DELETE {UNENDED} AND id = :id RETURNING id")


@dataclass(frozen=True, slots=True)
class Unended:
    """A public token that Plaid may have made an item of; `item_id` where that much is known."""

    id: int
    user_id: int
    institution_id: str | None
    institution_name: str | None
    item_id: str | None
    attempts: int
    begun_at: datetime


async def some(session: AsyncSession, most: int) -> tuple[list[Unended], int]:
    """Return those that began last, at most so many, and how many there are."""
    rows = (await session.execute(SOME, {"most": most})).mappings()
    return [Unended(**row) for row in rows], (await session.execute(COUNT)).scalar_one()


async def settle(session: AsyncSession, exchange_id: int) -> bool:
    """Forget one that an operator has seen to; return whether it was there."""
    return (await session.execute(SETTLE, {"id": exchange_id})).one_or_none() is not None
