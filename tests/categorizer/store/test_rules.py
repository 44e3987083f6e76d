from decimal import Decimal

from sqlalchemy import insert

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.store import rules
from common.category_rules import Rule, Rules
from common.database import Database
from common.tables.link_api import category_rules
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.domain.transactions import transaction


async def lay_down(database: Database, user_id: int, *different: dict[str, object]) -> list[int]:
    """Store rules in this order; return their ids."""
    statement = insert(category_rules).returning(category_rules.c.id)
    ids = []
    async with database.transaction() as session:
        for position, conditions in enumerate(different, start=1):
            row = {"user_id": user_id, "position": position, "category": "travel"} | conditions
            ids.append(int((await session.execute(statement.values(row))).scalar_one()))
    return ids


async def of_user(database: Database, user_id: int) -> Rules:
    async with database.transaction() as session:
        return await rules.of_user(session, user_id)


async def test_rules_are_read_whole_and_in_order(database: Database, bank: Bank) -> None:
    """Every condition is the stored one, exact, and the order is the user's."""
    whole = {
        "contains": "chip", "equals": "chipotle", "min_amount": Decimal("12.30"), "max_amount": Decimal("12.300"),
        "currency": "USD", "account_id": bank.account_id, "money": "out",
    }  # fmt: skip
    first, second = await lay_down(database, 1, whole, {"contains": "chipotle"})
    read = await of_user(database, 1)
    lunch = transaction(amount=Decimal("12.3"))
    assert lunch.account_id == bank.account_id
    assert read.first(lunch) == Rule(first, "travel", **whole)  # type: ignore[arg-type]
    for other in (transaction(amount=Decimal("12.31")), transaction(amount=Decimal("-12.3"))):
        assert (read.first(other) or Rule(0, "")).id == second


async def test_anothers_rules_decide_nothing(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """A user's rule decides the user's own expenses, and says so in them; another's are decided without it."""
    stranger = await linked_bank(database, 2)
    [rule_id] = await lay_down(database, 2, {"contains": "chipotle"})
    for one in (bank, stranger):
        await decide(one.changed(await one.add()), database, pipeline)
    mine, theirs = await bank.expense(), await stranger.expense()
    assert (mine.auto_category, mine.source, mine.rule_id) == ("meals", "merchant", None)
    assert (theirs.auto_category, theirs.source, theirs.rule_id) == ("travel", "rule", rule_id)
    assert (theirs.confidence, theirs.needs_review) == (Decimal(1), False)


async def test_a_rule_counts_from_the_next_version_on(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """What was decided before stays when its message comes again; a new version is decided by the rules of now."""
    id_ = await bank.add()
    await decide(bank.changed(id_), database, pipeline)
    await lay_down(database, 1, {"contains": "chipotle"})
    await decide(bank.changed(id_), database, pipeline)
    assert (await bank.expense()).source == "merchant"
    await bank.modify(id_, amount=Decimal(99))
    await decide(bank.changed(id_), database, pipeline)
    assert ((await bank.expense()).source, (await bank.expense()).amount) == ("rule", Decimal(99))
