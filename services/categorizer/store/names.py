"""Which merchant an expense is of, for those of which that was not read yet."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.merchant import Merchant

UNNAMED = text("""
    SELECT e.id, t.name, t.merchant_entity_id FROM expenses e JOIN plaid_transactions t ON t.id = e.transaction_id
    WHERE e.merchant IS NULL ORDER BY e.id LIMIT :most FOR NO KEY UPDATE OF e SKIP LOCKED
""")
NAME = text("""
    UPDATE expenses e SET merchant = n.merchant, merchant_entity_id = n.entity_id
    FROM unnest(CAST(:ids AS bigint[]), CAST(:merchants AS text[]), CAST(:entity_ids AS text[]))
        AS n(id, merchant, entity_id)
    WHERE e.id = n.id
""")


class Unnamed(NamedTuple):
    """An expense, its bank's line, and Plaid's id of the merchant."""

    id: int
    line: str
    entity_id: str | None


async def lock(session: AsyncSession, most: int) -> list[Unnamed]:
    """Lock some that have no merchant yet, but for those that somebody else works on."""
    return [Unnamed(*row) for row in await session.execute(UNNAMED, {"most": most})]


async def write(session: AsyncSession, merchants: Mapping[int, Merchant]) -> None:
    """Store the merchants of these locked expenses."""
    values = {
        "ids": list(merchants),
        "merchants": [one.key for one in merchants.values()],
        "entity_ids": [one.entity_id for one in merchants.values()],
    }
    await session.execute(NAME, values)
