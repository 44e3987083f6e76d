"""One category for many expenses."""

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from link_api.filtering import UNKNOWN_CATEGORY, check, check_categories, filter_of
from link_api.parts import RecategorisationId, Use, User
from link_api.problems import unknown
from link_api.recategorisations import ALREADY_UNDONE, Outcome, recategorise, undo
from link_api.refusals import refusals
from link_api.schemas.expenses import Category, Expense
from link_api.schemas.recategorisations import Example, Recategorisation, Recategorised, Selection, Undone
from link_api.store import categories, expenses
from link_api.store.recategorisations import Scope

router = APIRouter(prefix="/api/expenses/recategorise", tags=["expenses"])


@router.post("", responses=refusals(unknown("expense"), unknown("account"), UNKNOWN_CATEGORY))
async def recategorise_expenses(parts: Use, user: User, body: Recategorisation) -> Recategorised:
    """Give many expenses one category, as if you had chosen it for each; try it with `dry_run` first.

    At most 1,000 are changed at once, all together or none; `remaining` says how many are left. Asked for again, it
    goes on with those, and what has the category already stays as it is. `undo_id` leads back, for 30 days.
    """
    async with parts.database.transaction() as session:
        if body.category is not None:
            await check_categories(session, (body.category,))
        scope = await _scope(session, user.user_id, body)
        outcome = await recategorise(session, scope, dry_run=body.dry_run)
        known = {row["category_slug"]: Category.of(row) for row in await categories.every(session)}
    return Recategorised(
        matched=outcome.matched,
        changing=outcome.changing,
        withdrawn=outcome.withdrawn,
        changed=outcome.changed,
        remaining=max(0, outcome.changing - outcome.changed),
        examples=_examples(outcome, known),
        undo_id=outcome.undo_id,
    )


@router.post("/{recategorisation_id}/undo", responses=refusals(unknown("recategorisation"), ALREADY_UNDONE))
async def undo_recategorisation(parts: Use, user: User, recategorisation_id: RecategorisationId) -> Undone:
    """Give the expenses back what you had chosen for each before, once and within 30 days, all together or none.

    An expense that you have decided about since stays as you decided.
    """
    async with parts.database.transaction() as session:
        undone = await undo(session, user.user_id, recategorisation_id)
    return Undone(restored=undone.restored, left=undone.left, examples=[Expense.of(row) for row in undone.examples])


def _examples(outcome: Outcome, known: dict[str, Category]) -> list[Example]:
    return [Example(expense=Expense.of(row), becomes=known[slug]) for row, slug in outcome.examples]


async def _scope(session: AsyncSession, user_id: int, body: Recategorisation) -> Scope:
    """Return what is meant; a 404 Problem where a named expense or account is not the user's."""
    if body.filter is not None:
        return await _filtered(session, user_id, body.category, body.filter)
    ids = set(body.ids or ())
    if len(await expenses.some(session, user_id, list(ids))) < len(ids):
        raise unknown("expense")
    return Scope.named(user_id, body.category, list(ids))


async def _filtered(session: AsyncSession, user_id: int, category: str | None, selection: Selection) -> Scope:
    meant = filter_of(
        first_day=selection.from_,
        last_day=selection.to,
        categories=tuple(selection.category),
        account_id=selection.account,
        text=selection.q or None,
        **selection.model_dump(include={"min_amount", "max_amount", "needs_review", "excluded", "merchant_of"}),
    )
    await check(session, user_id, meant)
    return Scope.filtered(user_id, category, meant)
