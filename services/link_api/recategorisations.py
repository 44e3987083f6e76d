"""One category for many expenses, by the rules of deciding about one; and back, for what is as it was left."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from common.web import Problem
from link_api.decisions import store
from link_api.domain.decisions import Change
from link_api.problems import unknown
from link_api.store import decisions, expenses, recategorisations, undoing
from link_api.store.recategorisations import Scope

MOST = 1000
"""Expenses that one transaction changes; the rest is told, and is changed by asking again."""
MOST_EXAMPLES = 20
ALREADY_UNDONE = Problem(409, "This was undone already.", code="already_undone")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many were meant and changed, and some of those that change, as they stood, with the slug that they become.

    `undo_id` leads back, where something was changed.
    """

    matched: int
    changing: int
    withdrawn: int
    changed: int
    examples: list[tuple[RowMapping, str]]
    undo_id: int | None


async def recategorise(session: AsyncSession, scope: Scope, *, dry_run: bool) -> Outcome:
    """Give the expenses that are meant their category, or only say what that would do."""
    counted = await recategorisations.count(session, scope)
    found = await recategorisations.changing(session, scope, MOST)
    shown = await expenses.some(session, scope.user_id, list(found)[:MOST_EXAMPLES])
    examples = [(row, found[row["id"]]) for row in shown]
    changed, undo_id = (0, None) if dry_run else await _apply(session, scope, list(found))
    return Outcome(counted["matched"], counted["changing"], counted["withdrawn"], changed, examples, undo_id)


async def _apply(session: AsyncSession, scope: Scope, ids: list[int]) -> tuple[int, int | None]:
    """Change those of these that are still meant once they are locked; return how many, and what undoes it."""
    standing = await decisions.lock(session, scope.user_id, ids)
    still = await recategorisations.changing(session, scope, MOST, among=ids)
    at, wish = datetime.now(UTC), {"category": scope.category}
    meant = [Change(one, one.after(wish, at)) for one in standing if one.expense_id in still]
    changed = await store(session, scope.user_id, meant)
    if not changed:
        return 0, None
    former = [change.before for change in changed]
    return len(changed), await undoing.keep(session, scope.user_id, scope.category, former, at)


@dataclass(frozen=True, slots=True)
class Undone:
    """How many have again what stood before, how many were decided about since and stay so, and some of those."""

    restored: int
    left: int
    examples: list[RowMapping]


async def undo(session: AsyncSession, user_id: int, recategorisation_id: int) -> Undone:
    """Take a change of many back, once; what its user has decided about since stays as it is."""
    act = await undoing.lock(session, user_id, recategorisation_id)
    if act is None:
        raise unknown("recategorisation")
    if act.undone:
        raise ALREADY_UNDONE
    standing = await decisions.lock(session, user_id, list(act.former))
    still = [one for one in standing if act.left_it_so(one)]
    await store(session, user_id, [Change(one, one.restored(*act.former[one.expense_id])) for one in still])
    await undoing.mark(session, recategorisation_id)
    left = act.former.keys() - {one.expense_id for one in still}
    return Undone(len(still), len(left), await expenses.some(session, user_id, sorted(left)[-MOST_EXAMPLES:]))
