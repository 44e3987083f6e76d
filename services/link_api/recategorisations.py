"""One category for many expenses, by the rules of deciding about one."""

from dataclasses import dataclass

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.decisions import decide
from link_api.store import decisions, expenses, recategorisations
from link_api.store.recategorisations import Scope

MOST = 1000
"""Expenses that one transaction changes; the rest is told, and is changed by asking again."""
MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many were meant and changed, and some of those that change, as they stood, with the slug that they become."""

    matched: int
    changing: int
    withdrawn: int
    changed: int
    examples: list[tuple[RowMapping, str]]


async def recategorise(session: AsyncSession, scope: Scope, *, dry_run: bool) -> Outcome:
    """Give the expenses that are meant their category, or only say what that would do."""
    counted = await recategorisations.count(session, scope)
    found = await recategorisations.changing(session, scope, MOST)
    shown = await expenses.some(session, scope.user_id, list(found)[:MOST_EXAMPLES])
    examples = [(row, found[row["id"]]) for row in shown]
    changed = 0 if dry_run else await _apply(session, scope, list(found))
    return Outcome(counted["matched"], counted["changing"], counted["withdrawn"], changed, examples)


async def _apply(session: AsyncSession, scope: Scope, ids: list[int]) -> int:
    """Change those of these that are still meant once they are locked; return how many."""
    standing = await decisions.lock(session, scope.user_id, ids)
    still = await recategorisations.changing(session, scope, MOST, among=ids)
    meant = [one for one in standing if one.expense_id in still]
    return len(await decide(session, scope.user_id, meant, {"category": scope.category}))
