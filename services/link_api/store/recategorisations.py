"""Which of many expenses get another category."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.domain.filters import Filter
from link_api.store.expenses import CATEGORY, ORDER
from link_api.store.filters import COUNTS, where

CHANGES = "e.user_category_id IS DISTINCT FROM CAST(:category AS text)"
BECOMES = "expense_categories n ON n.slug = coalesce(CAST(:category AS text), e.auto_category)"


@dataclass(frozen=True, slots=True)
class Scope:
    """The expenses that are meant, as conditions of SQL with their values, and the category that they are to have."""

    user_id: int
    category: str | None
    conditions: str
    values: dict[str, Any]

    @classmethod
    def filtered(cls, user_id: int, category: str | None, filter_: Filter) -> "Scope":
        """Mean what the filter means, as the list shows it."""
        return cls(user_id, category, *where(filter_))

    @classmethod
    def named(cls, user_id: int, category: str | None, ids: Sequence[int]) -> "Scope":
        """Mean these, also excluded and withdrawn ones."""
        return cls(user_id, category, "e.id = ANY(CAST(:ids AS bigint[]))", {"ids": list(ids)})

    @property
    def bound(self) -> dict[str, Any]:
        """All values of a statement about it."""
        return self.values | {"user_id": self.user_id, "category": self.category}


async def count(session: AsyncSession, scope: Scope) -> RowMapping:
    """Return how many are meant, how many of them change, and how many of those stop being an expense."""
    statement = f"""
        SELECT count(*) AS matched, count(*) FILTER (WHERE {CHANGES}) AS changing,
            count(*) FILTER (WHERE {CHANGES} AND {COUNTS} AND n.kind = 'nonexpense') AS withdrawn
        FROM expenses e JOIN {CATEGORY} JOIN {BECOMES}
        WHERE e.user_id = :user_id AND {scope.conditions}
    """
    return (await session.execute(text(statement), scope.bound)).mappings().one()


async def changing(
    session: AsyncSession, scope: Scope, most: int, among: Sequence[int] | None = None
) -> dict[int, str]:
    """Return the newest `most` that change, with the slug that each becomes; only some `among` these ids, if given."""
    narrowed = "" if among is None else "AND e.id = ANY(CAST(:among AS bigint[]))"
    statement = f"""
        SELECT e.id, n.slug FROM expenses e JOIN {CATEGORY} JOIN {BECOMES}
        WHERE e.user_id = :user_id AND {scope.conditions} AND {CHANGES} {narrowed} {ORDER} LIMIT :most
    """
    values = scope.bound | {"most": most} | ({} if among is None else {"among": list(among)})
    return {row.id: row.slug for row in await session.execute(text(statement), values)}
