import asyncio
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text, update

from categorizer import data
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.domain.text.model import WordModel
from categorizer.handlers import decide
from categorizer.redeciding import NO_EXPENSE, QUESTION, Differences, Redeciding
from common.broker import Message
from common.database import Database
from common.tables.categorizer import expenses
from common.tables.sync_worker import plaid_transactions
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.locks import waits_for_a_lock

MOVED = {"name": "ONLINE TRANSFER TO 1234", "merchant_name": None, "pfc_primary": None, "pfc_detailed": None}
LATER = datetime(2026, 3, 3, tzinfo=UTC)


async def made_old(database: Database, *ids: int, **different: Any) -> None:
    """Let an older pipeline have decided these, otherwise."""
    values = {
        "pipeline_version": "1",
        "auto_category": "travel",
        "reason": "It was said so.",
        "source": "x",
    } | different
    async with database.transaction() as session:
        await session.execute(update(expenses).where(expenses.c.transaction_id.in_(ids)).values(values))


async def redecided(database: Database, pipeline: Pipeline, **different: Any) -> Differences:
    """Go through all, and return what differed."""
    found = Differences()
    parts = [part async for part in Redeciding(database, pipeline, **different).run(found)]
    assert parts == sorted(parts)
    return found


async def renamed(database: Database, id_: int, name: str) -> None:
    """Let the text be another, as if a new pipeline read it otherwise."""
    values = {"name": name, "merchant_name": None, "pfc_detailed": None, "pfc_primary": None}
    async with database.transaction() as session:
        await session.execute(update(plaid_transactions).where(plaid_transactions.c.id == id_).values(values))


async def everything(database: Database) -> list[Any]:
    """Return every row that deciding could write."""
    async with database.transaction() as session:
        return [
            (await session.execute(text(f"SELECT * FROM {table} ORDER BY 1"))).all()
            for table in ("expenses", "plaid_transactions", "outbox")
        ]


async def test_what_an_older_pipeline_decided(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]
) -> None:
    """It is decided by this one in batches, announced, and counted by what it was and is; twice is once."""
    ids = await bank.add_many([{}, {}, {"amount": Decimal(-3)}])
    await decide(bank.changed(*ids), database, pipeline)
    await made_old(database, *ids[:2])
    await made_old(database, ids[2], auto_category="other", needs_review=True)
    emitted.clear()
    found = await redecided(database, pipeline, batch=2)
    assert found.moves == Counter({("travel", "meals"): 2, (QUESTION, "meals"): 1})
    assert found.questions == (0, 1)
    assert {(row.auto_category, row.pipeline_version) for row in await bank.expenses()} == {("meals", PIPELINE_VERSION)}
    assert emitted
    assert (await redecided(database, pipeline)).moves == Counter()


async def test_what_another_model_of_words_decided(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """A pipeline with another model has a version of its own: its rows keep that, and it decides the others' anew."""
    [id_] = await bank.add_many([{}])
    await decide(bank.changed(id_), database, pipeline)
    other = data.pipeline(model=WordModel({}, "counted, 0123abcd"))
    assert other.version == f"{PIPELINE_VERSION}+0123abcd"
    assert [(await redecided(database, other)).looked_at for _ in range(2)] == [1, 0]
    assert (await bank.expense()).pipeline_version == other.version
    assert (await redecided(database, pipeline)).looked_at == 1


async def test_from_and_to_no_expense(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """What is no expense any more is withdrawn, and what was none becomes one."""
    gone, come = await bank.add_many([{}, MOVED])
    await decide(bank.changed(gone, come), database, pipeline)
    await made_old(database, gone)
    await renamed(database, gone, "ONLINE TRANSFER TO 1")
    await renamed(database, come, "SUSHI KO")
    found = await redecided(database, pipeline)
    assert found.moves == Counter({("travel", NO_EXPENSE): 1, (NO_EXPENSE, "meals"): 1})
    assert {row.transaction_id: row.withdrawn_at is None for row in await bank.expenses()} == {gone: False, come: True}


async def test_a_rehearsal_writes_nothing(
    database: Database, bank: Bank, pipeline: Pipeline, emitted: list[Message]
) -> None:
    """It counts what would change, and leaves every row and every message as it was."""
    ids = await bank.add_many([{}, MOVED])
    await decide(bank.changed(*ids), database, pipeline)
    await made_old(database, ids[0])
    before = await everything(database)
    emitted.clear()
    found = await redecided(database, pipeline, rehearsal=True)
    assert (found.looked_at, found.moves) == (2, Counter({("travel", "meals"): 1}))
    assert await everything(database) == before
    assert emitted == []


@pytest.mark.parametrize("word", [{"user_category_id": "fuel"}, {"reviewed_at": LATER}])
async def test_the_users_word_stands(database: Database, bank: Bank, pipeline: Pipeline, word: dict[str, Any]) -> None:
    """What its user chose or confirmed is not touched, nor taken up when its message comes again."""
    (id_,) = await bank.add_many([{}])
    await decide(bank.changed(id_), database, pipeline)
    await made_old(database, id_)
    await said(database, id_, word)
    before = await everything(database)
    assert (await redecided(database, pipeline)).looked_at == 0
    await decide(bank.changed(id_), database, pipeline)
    assert await everything(database) == before


@pytest.mark.parametrize("word", [{"user_category_id": "fuel"}, {"reviewed_at": LATER}])
async def test_a_word_that_comes_between(
    database: Database, bank: Bank, pipeline: Pipeline, word: dict[str, Any]
) -> None:
    """A user who speaks after the row was chosen to be decided anew, and before it is, has spoken first."""
    (id_,) = await bank.add_many([{}])
    await decide(bank.changed(id_), database, pipeline)
    await made_old(database, id_)
    async with database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions WHERE id = :id FOR UPDATE"), {"id": id_})
        running = asyncio.create_task(redecided(database, pipeline))
        await waits_for_a_lock(database)
        await said(database, id_, word)
    found = await running
    assert (found.looked_at, found.moves) == (1, Counter())
    expense = await bank.expense()
    assert (expense.auto_category, expense.pipeline_version, expense.reason) == ("travel", "1", "It was said so.")


async def test_one_user(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Of one user alone, where one is named."""
    other = await linked_bank(database, 2)
    for one in (bank, other):
        (id_,) = await one.add_many([{}])
        await decide(one.changed(id_), database, pipeline)
        await made_old(database, id_)
    await redecided(database, pipeline, user_id=2)
    assert ((await bank.expense()).auto_category, (await other.expense()).auto_category) == ("travel", "meals")


async def test_beside_a_running_service(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Messages about the same rows at the same time end where one after the other ends."""
    ids = await bank.add_many([{} for _ in range(20)])
    await decide(bank.changed(*ids), database, pipeline)
    await made_old(database, *ids)
    await asyncio.gather(
        redecided(database, pipeline, batch=3),
        redecided(database, pipeline, batch=7),
        decide(bank.changed(*ids), database, pipeline),
    )
    rows = await bank.expenses()
    assert len(rows) == 20
    assert {(row.auto_category, row.pipeline_version) for row in rows} == {("meals", PIPELINE_VERSION)}


async def said(database: Database, id_: int, word: dict[str, Any]) -> None:
    """Let the user speak, as link_api writes it."""
    async with database.transaction() as session:
        await session.execute(update(expenses).where(expenses.c.transaction_id == id_).values(word))
