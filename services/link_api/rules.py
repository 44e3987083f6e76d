"""A user's category rules: laid down, changed, put in order, deleted; told to the user's windows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.events import RulesChanged
from common.web import Problem
from link_api.domain.rule_effects import placed
from link_api.problems import unknown
from link_api.store import rules

MOST = 200
"""Rules of one user."""


def too_many() -> Problem:
    """Return the 409 of whoever has all the rules there can be."""
    return Problem(409, f"You have {MOST} rules, the most there can be; delete one first.", code="too_many_rules")


async def create(session: AsyncSession, user_id: int, terms: Mapping[str, Any], position: int) -> int:
    """Store a rule at this position and return its id; a 409 Problem where there are too many."""
    order = await _lock(session, user_id)
    if len(order) >= MOST:
        raise too_many()
    rule_id = await rules.add(session, user_id, terms, len(order) + 1)
    await _arrange(session, user_id, placed(order, rule_id, position))
    return rule_id


async def edit(
    session: AsyncSession, user_id: int, rule_id: int, changes: Mapping[str, Any], position: int | None
) -> None:
    """Change some terms of the rule, or its position; a 404 Problem unless it is this user's."""
    order = await _lock(session, user_id)
    before = await rules.one(session, user_id, rule_id)
    if before is None:
        raise unknown("rule")
    if changes:
        await rules.change(session, user_id, rule_id, dict(before) | dict(changes))
    await _arrange(session, user_id, order if position is None else placed(order, rule_id, position))


async def delete(session: AsyncSession, user_id: int, rule_id: int) -> None:
    """Delete the rule; a 404 Problem unless it is this user's. What it decided stays until it is decided anew."""
    order = await _lock(session, user_id)
    if rule_id not in order:
        raise unknown("rule")
    await rules.remove(session, user_id, rule_id)
    await _arrange(session, user_id, [id_ for id_ in order if id_ != rule_id])


async def _lock(session: AsyncSession, user_id: int) -> list[int]:
    """Let nobody else change the user's rules meanwhile; return their ids in order."""
    await rules.lock(session, user_id)
    return [row["id"] for row in await rules.every(session, user_id)]


async def _arrange(session: AsyncSession, user_id: int, order: list[int]) -> None:
    await rules.arrange(session, user_id, order)
    await outbox.emit(session, RulesChanged(user_id=user_id))
