"""A user's answer, and what it does to the transactions that come, to open questions, and to nothing else."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.learning import learn
from categorizer.store import transactions
from common.broker import Message
from common.database import Database
from common.events import ExpenseCorrected, TransactionsChanged
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.locks import waits_for_a_lock

UNHEARD_OF = {
    "name": "ZORBLAX HOLDINGS 4411",
    "merchant_name": None,
    "pfc_version": None,
    "pfc_primary": None,
    "pfc_detailed": None,
    "pfc_confidence": None,
}
"""A merchant that nobody knows: a question."""
MINUTES = count(1)


class Desk:
    """The categorizer of one bank, and its user's answers."""

    def __init__(self, bank: Bank, database: Database, pipeline: Pipeline, emitted: list[Message]) -> None:
        self.bank = bank
        self._database = database
        self._pipeline = pipeline
        self._emitted = emitted

    async def post(self, *different: dict[str, Any]) -> list[int]:
        """Let these transactions come, and decide them."""
        ids = await self.bank.add_many(different)
        await self.decide(*ids)
        return ids

    async def decide(self, *ids: int) -> None:
        await decide(self.bank.changed(*ids), self._database, self._pipeline)

    async def answer(self, id_: int, category: str | None, **decisions: Any) -> None:
        """Let the user choose a category for a transaction's expense, or take it back, as link_api stores it."""
        at = datetime.now(UTC) + timedelta(minutes=next(MINUTES)) if category else None
        await self.bank.decide(id_, user_category_id=category, answered_at=at, **decisions)
        await self.learn(id_)

    async def learn(self, *ids: int) -> int:
        """Hear that these were answered, and decide anew what that asks for."""
        self._emitted.clear()
        event = ExpenseCorrected(user_id=self.bank.user_id, expense_ids=[(await self.of(id_)).id for id_ in ids])
        reopened = await learn(event, self._database)
        for message in [one for one in self._emitted if one.type == "transactions.changed"]:
            await decide(TransactionsChanged.model_validate_json(message.body), self._database, self._pipeline)
        return reopened

    async def of(self, id_: int) -> Any:
        """Return the transaction's expense."""
        [expense] = [one for one in await self.bank.expenses() if one.transaction_id == id_]
        return expense

    async def decided(self, ids: Sequence[int]) -> list[tuple[str, str, bool]]:
        """Return category, source and whether it asks, of each."""
        found = [await self.of(id_) for id_ in ids]
        return [(one.auto_category, one.source, one.needs_review) for one in found]


@pytest.fixture
def desk(bank: Bank, database: Database, pipeline: Pipeline, emitted: list[Message]) -> Desk:
    return Desk(bank, database, pipeline, emitted)


async def test_one_correction_decides_the_next(desk: Desk) -> None:
    """The very next transaction of the merchant is posted as its user said, against Plaid, and asks nothing."""
    [first] = await desk.post({})
    await desk.answer(first, "travel")
    [following] = await desk.post({"name": "CHIPOTLE 0099"})
    assert await desk.decided([following]) == [("travel", "memory", False)]
    assert (await desk.of(following)).reason.endswith("for Chipotle last time.")


async def test_found_by_plaids_id_under_another_name(desk: Desk) -> None:
    """A merchant whose line reads otherwise is the same where Plaid says so."""
    [first] = await desk.post({"merchant_entity_id": "e1"})
    await desk.answer(first, "travel")
    ids = await desk.post({"name": "CMG 88 ONLINE", "merchant_entity_id": "e1"}, {"name": "CMG 88 ONLINE"})
    assert [source == "memory" for _, source, _ in await desk.decided(ids)] == [True, False]


async def test_no_user_learns_from_another(
    desk: Desk, database: Database, pipeline: Pipeline, emitted: list[Message]
) -> None:
    """The same merchant of another user is decided, and asked about, as before."""
    other = Desk(await linked_bank(database, 2), database, pipeline, emitted)
    [mine], theirs = await desk.post(UNHEARD_OF), await other.post(UNHEARD_OF, {})
    before = await other.decided(theirs)
    await desk.answer(mine, "travel")
    assert await other.learn(theirs[0]) == 1  # nothing was answered there, so nothing comes of it
    assert await other.decided(theirs) == before
    assert await other.decided(await other.post(UNHEARD_OF, {})) == before


async def test_open_questions_of_the_merchant_are_answered_too(desk: Desk) -> None:
    """Of the same merchant and direction, and no others; what was posted without a question stays."""
    ids = await desk.post(
        UNHEARD_OF,
        UNHEARD_OF | {"name": "ZORBLAX HOLDINGS 7"},
        UNHEARD_OF | {"name": "QUIBBLE PARTNERS"},
        UNHEARD_OF | {"amount": Decimal(-5)},
        {},
    )
    before = await desk.decided(ids[:3])
    assert [asks for _, _, asks in before] == [True] * 3
    await desk.answer(ids[0], "travel")
    assert await desk.decided(ids[1:3]) == [("travel", "memory", False), before[2]]
    assert (await desk.decided([ids[4]]))[0][1] != "memory"


async def test_what_was_posted_without_a_question_stays(desk: Desk) -> None:
    """A correction changes what comes, not what the user has seen posted."""
    first, second = await desk.post({}, {})
    before = await desk.decided([second])
    await desk.answer(first, "travel")
    await desk.decide(second)
    assert await desk.decided([second]) == before


async def test_the_event_twice_late_or_in_any_order(desk: Desk) -> None:
    """Memory is what stands in the expenses: what was heard, how often and when, changes nothing."""
    ids = await desk.post(*[UNHEARD_OF] * 3)
    now = datetime.now(UTC)
    await desk.bank.decide(ids[1], user_category_id="travel", answered_at=now)
    await desk.bank.decide(ids[0], user_category_id="travel", answered_at=now - timedelta(hours=1))
    for heard in ([ids[0]], [ids[1], ids[0]], [ids[1]], [ids[0]]):
        await desk.learn(*heard)
        assert await desk.decided([ids[2]]) == [("travel", "memory", False)]
    [unheard] = await desk.post(UNHEARD_OF)
    assert (await desk.of(unheard)).reason.endswith("the last 2 times.")


async def test_taken_back_it_is_unlearned(desk: Desk) -> None:
    """Without the last answer its questions are open again, decided ones too, and the next is asked about as before."""
    ids = await desk.post(UNHEARD_OF, UNHEARD_OF)
    before = await desk.decided(ids)
    await desk.answer(ids[0], "travel")
    [posted] = await desk.post(UNHEARD_OF)
    await desk.answer(ids[0], None)
    assert await desk.decided([*ids, posted, *await desk.post(UNHEARD_OF)]) == [before[0]] * 4


async def test_money_moved_is_learned_and_taken_back(desk: Desk) -> None:
    """An answer that it was no expense withdraws what asked, and gives it back when it is taken back."""
    ids = await desk.post(UNHEARD_OF, UNHEARD_OF)
    await desk.answer(ids[0], "transfer")
    assert (await desk.of(ids[1])).withdrawn_at is not None
    await desk.answer(ids[0], None)
    expense = await desk.of(ids[1])
    assert (expense.withdrawn_at, expense.needs_review) == (None, True)


async def test_a_confirmation_is_an_answer_and_a_rules_decision_is_none(desk: Desk) -> None:
    """What its user has looked through counts as it then stood; what was decided automatically does not."""
    first, second = await desk.post({}, {})
    [third] = await desk.post({})
    assert (await desk.of(third)).source != "memory"
    await desk.bank.decide(
        first, reviewed_at=datetime.now(UTC), reviewed_category="meals", answered_at=datetime.now(UTC)
    )
    [fourth] = await desk.post({})
    assert await desk.decided([fourth]) == [("meals", "memory", False)]
    assert (await desk.of(second)).source != "memory"


async def test_what_is_withdrawn_or_excluded_was_said_all_the_same(desk: Desk) -> None:
    """What it is does not change because it is left out, or because the bank took it back."""
    first, second = await desk.post(UNHEARD_OF, UNHEARD_OF | {"name": "QUIBBLE PARTNERS"})
    await desk.answer(first, "travel", excluded=True)
    await desk.answer(second, "travel")
    await desk.bank.remove(second)
    await desk.decide(second)
    ids = await desk.post(UNHEARD_OF, UNHEARD_OF | {"name": "QUIBBLE PARTNERS"})
    assert await desk.decided(ids) == [("travel", "memory", False)] * 2


async def test_pending_rows_are_nothing_to_learn_from(desk: Desk) -> None:
    """They have no expense that could be answered; once posted it has."""
    [pending] = await desk.post(UNHEARD_OF | {"pending": True, "transaction_id": "p"})
    assert await desk.bank.expenses() == []
    [posted] = await desk.post(UNHEARD_OF | {"pending_transaction_id": "p"})
    assert [one.transaction_id for one in await desk.bank.expenses()] == [posted] != [pending]


async def test_a_decision_under_way_is_waited_for(desk: Desk, database: Database) -> None:
    """A question that was decided without the answer, and committed after it, is found by the learning that follows."""
    [first] = await desk.post(UNHEARD_OF)
    [second] = await desk.bank.add_many([UNHEARD_OF])
    async with database.transaction() as deciding:
        await transactions.owner(deciding, desk.bank.integration_id)
        answering = asyncio.create_task(desk.answer(first, "travel"))
        await waits_for_a_lock(database)
        columns = (
            "user_id, transaction_id, amount, description, expense_date, auto_category, confidence, source, reason"
        )
        await deciding.execute(
            text(f"""
                INSERT INTO expenses ({columns}, needs_review, pipeline_version, merchant)
                SELECT 1, id, amount, name, date, 'other', 0, 'default', '', true, '0', 'ZORBLAX HOLDINGS'
                FROM plaid_transactions WHERE id = :id
            """),
            {"id": second},
        )
    await answering
    assert await desk.decided([second]) == [("travel", "memory", False)]


async def test_decisions_of_a_user_do_not_wait_for_each_other(desk: Desk, database: Database) -> None:
    """The lock that learning waits for is shared by all that decide."""
    async with database.transaction() as deciding:
        await transactions.owner(deciding, desk.bank.integration_id)
        async with asyncio.timeout(10):
            assert len(await desk.post({})) == 1


async def test_corrections_beside_decisions_end_alike(desk: Desk) -> None:
    """Whoever comes first, once all is heard every question of the merchant knows the answer."""
    ids = await desk.post(*[UNHEARD_OF] * 6)
    await asyncio.gather(
        desk.answer(ids[0], "travel"),
        *(desk.post(UNHEARD_OF) for _ in range(6)),
        desk.decide(*ids),
        desk.decide(*ids[::-1]),
    )
    await desk.learn(ids[0])
    others = [one.transaction_id for one in await desk.bank.expenses()][1:]
    assert {category for category, _, _ in await desk.decided(others)} == {"travel"}


async def test_a_thousand_answers_are_read_by_index(desk: Desk, database: Database) -> None:
    """What is read of a merchant is its newest few answers, whatever the user has answered otherwise."""
    ids = await desk.post(*[{"name": f"SHOP {'ABCDEFGHIJ'[n % 10]}{'KLMNOPQRST'[n // 10 % 10]}"} for n in range(500)])
    await desk.bank.decide(ids[0], user_category_id="travel", answered_at=datetime.now(UTC))
    async with database.transaction() as session:
        await session.execute(text("UPDATE expenses SET user_category_id = 'travel', answered_at = now()"))
    [following] = await desk.post({"name": "SHOP AK"})
    assert (await desk.of(following)).reason.endswith("the last 5 times.")
