"""The life of an expense: posted, modified, withdrawn, returned, with all that its user decided about it."""

from decimal import Decimal

import pytest

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from common.broker import Message
from common.database import Database
from common.events import ExpensesChanged
from tests.categorizer.bank import Bank

TRANSFER = {"pfc_primary": "TRANSFER_OUT", "pfc_detailed": "TRANSFER_OUT_ACCOUNT_TRANSFER"} | {
    "name": "ONLINE TRANSFER TO 1234"
}


async def test_pending_then_posted(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """A pending row becomes no expense; posted under its new id it becomes exactly one, in any order of messages."""
    pending = await bank.add(pending=True, transaction_id="pending")
    await decide(bank.changed(pending), database, pipeline)
    assert await bank.expenses() == []
    posted = await bank.add(pending_transaction_id="pending")
    await bank.remove(pending)
    await decide(bank.changed(posted), database, pipeline)
    await decide(bank.changed(pending), database, pipeline)
    assert (await bank.expense()).transaction_id == posted


@pytest.mark.parametrize("first", ["posted", "pending"])
async def test_twins_are_one_expense(database: Database, bank: Bank, pipeline: Pipeline, first: str) -> None:
    """A row that a posted one names as its pending form gives way to it in any order, and is back without it."""
    ids = {"pending": await bank.add(transaction_id="twin"), "posted": 0}
    await decide(bank.changed(ids["pending"]), database, pipeline)
    ids["posted"] = await bank.add(pending_transaction_id="twin")
    await decide(bank.changed(ids[first]), database, pipeline)
    (live,) = [expense for expense in await bank.expenses() if expense.withdrawn_at is None]
    assert live.transaction_id == ids["posted"]
    await bank.remove(ids["posted"])
    await decide(bank.changed(ids["posted"]), database, pipeline)
    (live,) = [expense for expense in await bank.expenses() if expense.withdrawn_at is None]
    assert live.transaction_id == ids["pending"]


async def test_removed_and_back(database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]) -> None:
    """A removed transaction's expense is withdrawn; when it returns, so does all that its user decided."""
    id_ = await bank.add()
    await decide(bank.changed(id_), database, pipeline)
    await bank.decide(id_, user_category_id="travel", note="with Ann", excluded=True)
    await bank.remove(id_)
    await decide(bank.changed(id_), database, pipeline)
    gone = await bank.expense()
    assert gone.withdrawn_at is not None
    await bank.modify(id_, sync_status="synced", amount=Decimal(20))
    await decide(bank.changed(id_), database, pipeline)
    back = await bank.expense()
    assert (back.id, back.withdrawn_at, back.amount) == (gone.id, None, Decimal(20))
    assert (back.user_category_id, back.note, back.excluded) == ("travel", "with Ann", True)
    assert [ExpensesChanged.model_validate_json(message.body).expense_ids for message in emitted] == [[gone.id]] * 3


async def test_unseen_changes_are_not_announced(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]
) -> None:
    """What happens to a withdrawn expense is stored and decided, and its user hears nothing of it."""
    id_ = await bank.add()
    await decide(bank.changed(id_), database, pipeline)
    await bank.remove(id_)
    await decide(bank.changed(id_), database, pipeline)
    emitted.clear()
    await bank.modify(id_, **TRANSFER)
    await decide(bank.changed(id_), database, pipeline)
    assert (await bank.expense()).auto_category == "transfer"
    assert emitted == []


async def test_user_decisions_survive_modified(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """A modified transaction moves amount and automatic category, and nothing that its user decided."""
    id_ = await bank.add()
    await decide(bank.changed(id_), database, pipeline)
    await bank.decide(id_, user_category_id="advertising", note="client", excluded=True)
    await bank.modify(id_, amount=Decimal("13.00"), pfc_detailed="TRANSPORTATION_GAS", name="SHELL 42")
    await decide(bank.changed(id_), database, pipeline)
    expense = await bank.expense()
    assert (expense.amount, expense.description, expense.auto_category) == (Decimal("13.00"), "SHELL 42", "fuel")
    assert (expense.user_category_id, expense.note, expense.excluded) == ("advertising", "client", True)


async def test_muted(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Muting an account withdraws its expenses without a new version of any transaction; unmuting brings them back."""
    ids = [await bank.add(), await bank.add()]
    await decide(bank.changed(*ids), database, pipeline)
    await bank.decide(ids[0], note="mine")
    await bank.mute()
    await decide(bank.changed(*ids), database, pipeline)
    assert all(expense.withdrawn_at for expense in await bank.expenses())
    await bank.mute(enabled=True)
    await decide(bank.changed(*ids), database, pipeline)
    assert [(expense.withdrawn_at, expense.note) for expense in await bank.expenses()] == [(None, "mine"), (None, None)]
