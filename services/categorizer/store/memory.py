"""What the user answered, read from `expenses`: there is no other copy of it that could be behind."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from categorizer.domain.memory import REMEMBERED, Answer, Memory
from categorizer.domain.merchant import Merchant

# By merchant, the newest few: one reading of an index for each; none at all for a user who has not answered anything.
# Answers stand whether the expense is excluded or withdrawn: what it is was said all the same.
ANSWERS = text("""
    SELECT a.*, wanted.* FROM unnest(CAST(:names AS text[]), CAST(:kinds AS text[]), CAST(:came_in AS boolean[]))
        AS wanted(name, kind, money_in)
    CROSS JOIN LATERAL (
        (SELECT transaction_id, coalesce(user_category_id, reviewed_category) AS category, answered_at FROM expenses
        WHERE kind = 'name' AND user_id = :user_id AND merchant = name AND answered_at IS NOT NULL
            AND (amount < 0) = money_in
        ORDER BY answered_at DESC, transaction_id DESC LIMIT :most)
        UNION ALL
        (SELECT transaction_id, coalesce(user_category_id, reviewed_category), answered_at FROM expenses
        WHERE kind = 'entity' AND user_id = :user_id AND merchant_entity_id = name AND answered_at IS NOT NULL
            AND (amount < 0) = money_in
        ORDER BY answered_at DESC, transaction_id DESC LIMIT :most)
    ) a
    WHERE EXISTS (SELECT FROM expenses WHERE user_id = :user_id AND answered_at IS NOT NULL)
        AND a.category IS NOT NULL
""")


async def of_user(session: AsyncSession, user_id: int, merchants: Collection[tuple[Merchant, bool]]) -> Memory:
    """Return the user's memory of these merchants, each with whether the money came in."""
    keys = {(key, money_in) for merchant, money_in in merchants for key in merchant.keys}
    if not keys:
        return Memory()
    parts = [(*key.partition(":")[::2], money_in) for key, money_in in keys]
    kinds, names, came_in = map(list, zip(*parts, strict=True))
    # One more than counts: the answer about a transaction itself is no memory of it.
    values = {"user_id": user_id, "kinds": kinds, "names": names, "came_in": came_in, "most": REMEMBERED + 1}
    return Memory(_answers(await session.execute(ANSWERS, values)))


def _answers(rows: Iterable[Any]) -> Iterator[tuple[str, bool, Answer]]:
    for row in rows:
        answer = Answer(row.answered_at, row.transaction_id, row.category)
        yield f"{row.kind}:{row.name}", row.money_in, answer
