"""Category rules: what a user laid down once, for every transaction that comes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from sqlalchemy.ext.asyncio import AsyncSession

from link_api import rule_applications, rules
from link_api.domain import identifiers
from link_api.filtering import UNKNOWN_CATEGORY, check_categories
from link_api.parts import Use, User
from link_api.problems import unknown
from link_api.refusals import refusals
from link_api.schemas import Page
from link_api.schemas.category_rules import CategoryRule, Conditions, NewRule, RuleEdit, TriedRule
from link_api.schemas.expenses import Category
from link_api.schemas.rule_applications import RuleApplied, RuleOutlook
from link_api.store import accounts, categories
from link_api.store import rules as stored

router = APIRouter(prefix="/api/category-rules", tags=["rules"])


def _rule_id(rule_id: Annotated[str, Path(description="Its `id`", examples=["12"])]) -> int:
    number = identifiers.read(rule_id, identifiers.LARGEST_BIG)
    if number is None:
        raise unknown("rule")
    return number


RuleId = Annotated[int, Depends(_rule_id)]
TERMS = (UNKNOWN_CATEGORY, unknown("account"))


@router.get("")
async def list_category_rules(parts: Use, user: User) -> Page[CategoryRule]:
    """List your rules in their order, up to 200: the first that matches a transaction decides its category."""
    async with parts.database.transaction() as session:
        rows = await stored.every(session, user.user_id)
    return Page(items=[CategoryRule.of(row) for row in rows])


@router.post("", status_code=201, responses=refusals(*TERMS, rules.too_many()))
async def create_category_rule(parts: Use, user: User, body: NewRule) -> CategoryRule:
    """Lay down a rule: it decides every transaction that comes from now on and that no rule before it matches.

    It comes before Plaid's category, is sure, and asks nothing; what you choose by hand stands before it. Stored
    transactions stay as they are until you apply it.
    """
    async with parts.database.transaction() as session:
        await _check(session, user.user_id, body.category, body.conditions)
        rule_id = await rules.create(session, user.user_id, body.terms, body.position or rules.MOST)
        return await _shown(session, user.user_id, rule_id)


@router.post("/preview", responses=refusals(*TERMS, unknown("rule")))
async def preview_category_rule(parts: Use, user: User, body: TriedRule) -> RuleOutlook:
    """Say what a rule would change about your stored transactions, and change nothing.

    What it says is what applying the rule then does.
    """
    terms = body.terms
    async with parts.database.transaction() as session:
        await _check(session, user.user_id, body.category, body.conditions)
        outcome = await rule_applications.preview(
            session, user.user_id, terms, rule_id=body.rule_id, position=body.position
        )
        return RuleOutlook.of(outcome, await _categories(session))


@router.patch("/{rule_id}", responses=refusals(*TERMS, unknown("rule")))
async def edit_category_rule(parts: Use, user: User, rule_id: RuleId, body: RuleEdit) -> CategoryRule:
    """Change this rule or its place in the order; stored transactions stay as they are until you apply it."""
    async with parts.database.transaction() as session:
        await _check(session, user.user_id, body.category, body.conditions)
        await rules.edit(session, user.user_id, rule_id, body.changes, body.position)
        return await _shown(session, user.user_id, rule_id)


@router.delete("/{rule_id}", status_code=204, responses=refusals(unknown("rule")))
async def delete_category_rule(parts: Use, user: User, rule_id: RuleId) -> None:
    """Delete this rule. What it decided stays as it is until it is decided anew."""
    async with parts.database.transaction() as session:
        await rules.delete(session, user.user_id, rule_id)


@router.post("/{rule_id}/apply", status_code=202, responses=refusals(unknown("rule")))
async def apply_category_rule(parts: Use, user: User, rule_id: RuleId) -> RuleApplied:
    """Have your stored transactions decided by this rule, up to 1,000 at once; `remaining` says how many are left.

    Those that it decided in an earlier form and matches no more are decided anew too. What you chose by hand stays.
    """
    async with parts.database.transaction() as session:
        outcome = await rule_applications.apply(session, user.user_id, rule_id)
        return RuleApplied.of(outcome, await _categories(session))


async def _check(session: AsyncSession, user_id: int, category: str | None, conditions: Conditions | None) -> None:
    """Raise a Problem unless the category exists (422) and the account is the user's (404)."""
    if category is not None:
        await check_categories(session, (category,))
    account = conditions and conditions.account
    if account and not await accounts.is_owned(session, user_id, account):
        raise unknown("account")


async def _shown(session: AsyncSession, user_id: int, rule_id: int) -> CategoryRule:
    row = await stored.one(session, user_id, rule_id)
    if row is None:
        raise unknown("rule")
    return CategoryRule.of(row)


async def _categories(session: AsyncSession) -> dict[str, Category]:
    return {row["category_slug"]: Category.of(row) for row in await categories.every(session)}
