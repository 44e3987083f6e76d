"""Users' category rules, in their order."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

CONDITIONS = ("contains", "equals", "min_amount", "max_amount", "currency", "account_id", "money")
TERMS = ("category", *CONDITIONS)

VIEW = f"""
    SELECT r.id, r.position, r.category, {", ".join(f"r.{name}" for name in CONDITIONS)}, r.created_at, r.updated_at,
        c.slug AS category_slug, c.name AS category_name, c.cora_group AS category_group,
        a.name AS account_name, a.mask AS account_mask
    FROM category_rules r
    JOIN expense_categories c ON c.slug = r.category
    LEFT JOIN plaid_accounts a ON a.id = r.account_id
    WHERE r.user_id = :user_id
"""
LIST = text(f"{VIEW} ORDER BY r.position")
ONE = text(f"{VIEW} AND r.id = :id")
LOCK = text("SELECT 1 FROM users WHERE id = :user_id FOR NO KEY UPDATE")
ADD = text(f"""
    INSERT INTO category_rules (user_id, position, {", ".join(TERMS)})
    VALUES (:user_id, :position, {", ".join(f":{name}" for name in TERMS)}) RETURNING id
""")
SET = text(f"""
    UPDATE category_rules SET {", ".join(f"{name} = :{name}" for name in TERMS)}, updated_at = now()
    WHERE user_id = :user_id AND id = :id
""")
REMOVE = text("DELETE FROM category_rules WHERE user_id = :user_id AND id = :id")
ARRANGE = text("""
    UPDATE category_rules r SET position = o.position
    FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS o(id, position)
    WHERE r.user_id = :user_id AND r.id = o.id AND r.position <> o.position
""")


async def every(session: AsyncSession, user_id: int) -> list[RowMapping]:
    """Return the user's rules in their order."""
    return list((await session.execute(LIST, {"user_id": user_id})).mappings())


async def one(session: AsyncSession, user_id: int, rule_id: int) -> RowMapping | None:
    """Return the rule, or None unless it is this user's."""
    return (await session.execute(ONE, {"user_id": user_id, "id": rule_id})).mappings().one_or_none()


async def lock(session: AsyncSession, user_id: int) -> None:
    """Let nobody else change the user's rules until the transaction ends."""
    await session.execute(LOCK, {"user_id": user_id})


async def add(session: AsyncSession, user_id: int, terms: Mapping[str, Any], position: int) -> int:
    """Store a rule and return its id."""
    values = {"user_id": user_id, "position": position} | {name: terms[name] for name in TERMS}
    added: int = (await session.execute(ADD, values)).scalar_one()
    return added


async def change(session: AsyncSession, user_id: int, rule_id: int, terms: Mapping[str, Any]) -> None:
    """Give the rule other terms."""
    await session.execute(SET, {"user_id": user_id, "id": rule_id} | {name: terms[name] for name in TERMS})


async def remove(session: AsyncSession, user_id: int, rule_id: int) -> None:
    """Delete the rule."""
    await session.execute(REMOVE, {"user_id": user_id, "id": rule_id})


async def arrange(session: AsyncSession, user_id: int, ids: Sequence[int]) -> None:
    """Put the user's rules into this order."""
    await session.execute(ARRANGE, {"user_id": user_id, "ids": list(ids)})
