"""Why an expense is what it is."""

from fastapi import APIRouter

from link_api.parts import ExpenseId, Use, User
from link_api.problems import unknown
from link_api.refusals import refusals
from link_api.schemas.category_rules import CategoryRule
from link_api.schemas.expenses import Category, Expense
from link_api.schemas.explanations import Answer, Automatic, BankRow, Explanation, Partner, Remembered
from link_api.store import categories, expenses, explanations, rules

router = APIRouter(prefix="/api/expenses/{expense_id}/explain", tags=["expenses"])


@router.get("", responses=refusals(unknown("expense")))
async def explain_expense(parts: Use, user: User, expense_id: ExpenseId) -> Explanation:
    """Explain this expense: its category before you chose one, how sure we were and why, and the bank's own rows."""
    async with parts.database.transaction() as session:
        shown = await expenses.one(session, user.user_id, expense_id)
        decided = await explanations.decision(session, user.user_id, expense_id)
        if shown is None or decided is None:
            raise unknown("expense")
        bank = await explanations.bank_row(session, decided["transaction_id"])
        earlier = [BankRow.of(row) for row in await explanations.earlier(session, decided["transaction_id"])]
        rule = await rules.one(session, user.user_id, decided["rule_id"] or 0)
        twin = await explanations.pending_twin(session, bank)
        partners = [Partner.of(row) for row in await explanations.partners(session, user.user_id, expense_id)]
        answers = await explanations.remembered(session, user.user_id, expense_id)
        known = {row["category_slug"]: Category.of(row) for row in await categories.every(session)}
    return Explanation(
        expense=Expense.of(shown),
        automatic=Automatic.of(decided, known),
        rule=CategoryRule.of(rule) if rule else None,
        memory=Remembered(merchant=shown["vendor"] or shown["description"], answers=[Answer.of(row) for row in answers])
        if answers
        else None,
        bank=BankRow.of(bank),
        earlier=earlier,
        pending_twin=BankRow.of(twin) if twin else None,
        counterpart=next((one for one in partners if one.relation == "counterpart"), None),
        refund_of=next((one for one in partners if one.relation == "refund_of"), None),
        refunds=[one for one in partners if one.relation == "refund"],
    )
