from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from categorizer.domain.decision import Decision
from categorizer.domain.expense import expense_of
from categorizer.domain.plan import Posting
from categorizer.store import expenses, transactions
from common.database import Database
from tests.categorizer.bank import Bank
from tests.categorizer.domain.transactions import transaction

MEALS = Decision("meals", Decimal("0.98"), "plaid_category", "Because.")


def posting(id_: int, *, withdrawn: bool = False, **different: Any) -> Posting:
    draft = expense_of(transaction(id=id_, **different), MEALS, is_expense=True)
    assert draft is not None
    return Posting(draft, withdrawn, "changed")


@pytest.fixture
async def id_(bank: Bank) -> int:
    return await bank.add()


async def post(database: Database, bank: Bank, *postings: Posting) -> dict[int, int]:
    async with database.transaction() as session:
        return await expenses.post(session, bank.user_id, "3", postings)


async def test_one_row_for_a_transaction(database: Database, bank: Bank, id_: int) -> None:
    """A transaction's second posting is its first one's row; nothing to post is nothing."""
    first = await post(database, bank, posting(id_))
    second = await post(database, bank, posting(id_, amount=Decimal("1e-7")))
    assert first == second == {id_: (await bank.expense()).id}
    assert (await bank.expense()).amount == Decimal("0.0000001")
    assert await post(database, bank) == {}


async def test_user_columns_are_left_alone(database: Database, bank: Bank, id_: int) -> None:
    """Whatever is posted, the columns that hold the user's decisions keep what they have."""
    await post(database, bank, posting(id_))
    reviewed_at = datetime(2026, 3, 3, tzinfo=UTC)
    await bank.decide(id_, user_category_id="travel", note="mine", excluded=True, reviewed_at=reviewed_at)
    for withdrawn in (True, False):
        await post(database, bank, posting(id_, withdrawn=withdrawn, name="OTHER"))
        expense = await bank.expense()
        assert (expense.user_category_id, expense.note, expense.excluded) == ("travel", "mine", True)
        assert expense.reviewed_at == reviewed_at
        assert expense.description == "OTHER"


async def test_withdrawn_at_is_the_first_moment(database: Database, bank: Bank, id_: int) -> None:
    """A withdrawn expense tells since when, however often that is said again, until it returns."""
    await post(database, bank, posting(id_))
    await post(database, bank, posting(id_, withdrawn=True))
    since = (await bank.expense()).withdrawn_at
    await post(database, bank, posting(id_, withdrawn=True))
    assert since is not None
    assert (await bank.expense()).withdrawn_at == since
    await post(database, bank, posting(id_))
    assert (await bank.expense()).withdrawn_at is None


@pytest.mark.parametrize("alternatives", [(), ("travel",), ("travel", "fuel")])
async def test_alternatives_are_kept(database: Database, bank: Bank, id_: int, alternatives: tuple[str, ...]) -> None:
    """What else it could have been stands beside the decision, and is read back with it, by every later decision."""
    one = posting(id_)
    decision = replace(MEALS, alternatives=alternatives)
    await post(database, bank, replace(one, draft=replace(one.draft, decision=decision)))
    async with database.transaction() as session:
        [known] = await transactions.lock(session, bank.integration_id, [id_])
    assert tuple((await bank.expense()).alternatives) == alternatives
    assert known.expense is not None
    assert known.expense.draft.decision.alternatives == alternatives
