import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from categorizer import naming
from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.naming import Naming
from categorizer.store import names
from common.database import Database
from tests.categorizer.bank import Bank


async def forget_names(database: Database) -> None:
    """Leave the expenses as a release before merchants were kept left them."""
    async with database.transaction() as session:
        await session.execute(text("UPDATE expenses SET merchant = NULL, merchant_entity_id = NULL"))


async def merchants(bank: Bank) -> list[tuple[str | None, str | None]]:
    return [(one.merchant, one.merchant_entity_id) for one in await bank.expenses()]


async def test_older_expenses_are_named_as_new_ones_are(
    database: Database, bank: Bank, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, each expense once, also by several at a time; what has no words is named by none."""
    monkeypatch.setattr(naming, "BATCH", 2)
    ids = await bank.add_many([{}, {"merchant_entity_id": "e1"}, {"name": ""}, {"name": "SHELL OIL 5742"}, {}])
    await decide(bank.changed(*ids), database, pipeline)
    posted = await merchants(bank)
    assert posted == [("CHIPOTLE", None), ("CHIPOTLE", "e1"), ("", None), ("SHELL OIL", None), ("CHIPOTLE", None)]
    await forget_names(database)
    one, other = Naming(database, pipeline.judge), Naming(database, pipeline.judge)
    named = await asyncio.gather(one.once(), other.once())
    assert sum(named) + await one.once() + await other.once() == len(ids)
    assert await merchants(bank) == posted


async def test_an_answer_of_before_counts(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Once it is named, what a user answered long ago decides what comes."""
    first = await bank.add()
    await decide(bank.changed(first), database, pipeline)
    await bank.decide(first, user_category_id="travel", answered_at=text("now()"))
    await forget_names(database)
    await Naming(database, pipeline.judge).once()
    await decide(bank.changed(await bank.add()), database, pipeline)
    assert (await bank.expenses())[-1].auto_category == "travel"


async def test_an_outage_is_outlived(
    database: Database, bank: Bank, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop goes on when the database is back."""
    await decide(bank.changed(await bank.add()), database, pipeline)
    await forget_names(database)
    monkeypatch.setattr(naming, "EVERY", 0.01)
    tried = asyncio.Event()
    with monkeypatch.context() as fault:

        async def away(*_: object) -> None:
            tried.set()
            raise OperationalError("SELECT", None, Exception("the server went away"))

        fault.setattr(names, "lock", away)
        loop = asyncio.create_task(Naming(database, pipeline.judge).run())
        async with asyncio.timeout(10):
            await tried.wait()
    async with asyncio.timeout(10):
        while await merchants(bank) != [("CHIPOTLE", None)]:  # noqa: ASYNC110 - the loop tells nobody
            await asyncio.sleep(0.01)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
