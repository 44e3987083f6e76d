"""Money that comes back takes the category of what it was paid for, whoever hears of which first."""

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from categorizer.domain.pipeline import Pipeline
from common.category_rules import Rule
from common.database import Database
from common.tables.link_api import category_rules
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.household import UNCLEAR, Household, household

LOWES = {
    "name": "LOWES 00907",
    "merchant_name": "Lowe's",
    "merchant_entity_id": "lowes",
    "authorized_date": None,
    "pfc_primary": "HOME_IMPROVEMENT",
    "pfc_detailed": "HOME_IMPROVEMENT_HARDWARE",
}
PAID, BACK = Decimal("89.90"), Decimal("-89.90")
IN_MARCH = date(2026, 3, 3)


@pytest.fixture
async def home(database: Database, pipeline: Pipeline, bank: Bank) -> Household:
    return await household(database, pipeline, bank)


async def bought(bank: Bank, amount: Decimal = PAID, day: date = IN_MARCH, **different: Any) -> int:
    """Store a purchase at Lowe's."""
    return await bank.add(**LOWES | {"amount": amount, "date": day} | different)


async def returned(bank: Bank, amount: Decimal = BACK, day: date = date(2026, 3, 10), **different: Any) -> int:
    """Store money that came back from there."""
    return await bank.add(**LOWES | {"amount": amount, "date": day} | different)


async def purchase_of(home: Household, refund: int) -> int | None:
    """Return the purchase that the refund is linked with."""
    return (await home.links()).get(refund, (None, None))[1]


@pytest.mark.parametrize("order", ["purchase first", "refund first", "together"])
async def test_a_refund_finds_its_purchase(home: Household, order: str) -> None:
    """A refund is a negative expense of its purchase's category, and says of which, whoever arrives first."""
    purchase, refund = await bought(home.card), await returned(home.card)
    ids = {"purchase first": [purchase, refund], "refund first": [refund, purchase]}.get(order)
    for some in [[id_] for id_ in ids] if ids else [[purchase, refund]]:
        await home.changed(home.card, *some)
    expense = (await home.live())[refund]
    assert await home.links() == {refund: (None, purchase)}
    assert (expense.amount, expense.auto_category, expense.source) == (BACK, "materials", "refund")
    assert expense.reason == "Refund of 89.90 from Lowe's on 3 March."
    assert not expense.needs_review


async def test_the_user_corrects_the_purchase(home: Household) -> None:
    """What its user calls the purchase is what the refund is, also no expense at all, and back again."""
    purchase, refund = await bought(home.card), await returned(home.card)
    await home.changed(home.card, purchase, refund)
    await home.corrected(home.card, purchase, "office_supplies")
    assert (await home.live())[refund].auto_category == "office_supplies"
    await home.corrected(home.card, purchase, "transfer")
    assert await home.live() == {}
    assert await purchase_of(home, refund) == purchase
    await home.corrected(home.card, purchase, None)
    assert {id_: one.auto_category for id_, one in (await home.live()).items()} == {
        purchase: "materials",
        refund: "materials",
    }


async def test_a_refund_that_counts_no_longer_keeps_its_purchase(home: Household) -> None:
    """What its user calls no expense is given back once all the same: a later refund does not find it."""
    purchase, refund = await bought(home.card), await returned(home.card)
    await home.changed(home.card, purchase, refund)
    await home.corrected(home.card, purchase, "transfer")
    later = await returned(home.card, day=date(2026, 3, 12))
    await home.changed(home.card, later)
    assert await home.links() == {refund: (None, purchase)}


async def test_the_purchase_gets_another_category(home: Household) -> None:
    """What the bank tells differently of a purchase reaches the refund by a message of the purchase alone."""
    purchase, refund = await bought(home.card, name="XJKQ"), await returned(home.card)
    await home.changed(home.card, purchase, refund)
    await home.card.modify(
        purchase, merchant_name=None, pfc_primary="TRANSPORTATION", pfc_detailed="TRANSPORTATION_GAS"
    )
    await home.changed(home.card, purchase)
    assert {id_: one.auto_category for id_, one in (await home.live()).items()} == {purchase: "fuel", refund: "fuel"}


async def test_the_user_decides_about_the_refund(home: Household) -> None:
    """What its user calls the refund counts; called an income it gives nothing back, and another refund may."""
    purchase, refund = await bought(home.card), await returned(home.card)
    later = await returned(home.card, day=date(2026, 3, 12))
    await home.changed(home.card, purchase, refund, later)
    assert (await purchase_of(home, refund), await purchase_of(home, later)) == (purchase, None)
    await home.corrected(home.card, refund, "income")
    assert (await purchase_of(home, refund), await purchase_of(home, later)) == (None, purchase)
    await home.corrected(home.card, refund, "travel")
    assert (await purchase_of(home, refund), await purchase_of(home, later)) == (purchase, None)
    assert (await home.live())[refund].user_category_id == "travel"


async def test_an_open_question_is_one_for_both(home: Household) -> None:
    """While nobody has said what the purchase was the refund waits with it, and its answer answers both."""
    vague: dict[str, Any] = UNCLEAR | {"merchant_name": "Xjkq"}
    purchase, refund = await bought(home.card, **vague), await returned(home.card)
    await home.changed(home.card, purchase, refund)
    asked = (await home.live())[refund]
    assert (asked.auto_category, asked.needs_review, asked.source) == ("other", True, "refund")
    assert asked.reason == "Refund of 89.90 from Xjkq on 3 March, which waits for your answer."
    await home.corrected(home.card, purchase, "tools_equipment")
    answered = (await home.live())[refund]
    assert (answered.auto_category, answered.needs_review) == ("tools_equipment", False)


async def _removed(home: Household, purchase: int) -> None:
    await home.card.remove(purchase)


async def _muted(home: Household, _purchase: int) -> None:
    await home.card.mute()


async def _smaller(home: Household, purchase: int) -> None:
    await home.card.modify(purchase, amount=Decimal("89.89"))


async def _pending(home: Household, purchase: int) -> None:
    await home.card.modify(purchase, pending=True)


async def _other_merchant(home: Household, purchase: int) -> None:
    await home.card.modify(purchase, merchant_entity_id="chipotle")


@pytest.mark.parametrize("change", [_removed, _muted, _smaller, _pending, _other_merchant])
async def test_a_purchase_that_goes_frees_the_refund(home: Household, change: Any) -> None:
    """Whatever takes the purchase away, its refund takes the next that fits, or stays alone; until it is back."""
    older = await bought(home.checking, day=date(2026, 2, 1))
    purchase, refund = await bought(home.card), await returned(home.savings)
    await home.changed(home.card, purchase)
    await home.changed(home.checking, older, refund)
    assert await purchase_of(home, refund) == purchase
    await change(home, purchase)
    await home.changed(home.card, purchase)
    assert await purchase_of(home, refund) == older
    await home.checking.remove(older)
    await home.changed(home.checking, older)
    assert await home.links() == {}
    assert (await home.live())[refund].source != "refund"
    await home.card.mute(enabled=True)
    await home.card.modify(purchase, amount=PAID, sync_status="synced", pending=False, merchant_entity_id="lowes")
    await home.changed(home.card, purchase)
    assert await purchase_of(home, refund) == purchase


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
async def test_nothing_is_given_back_twice(home: Household, order: tuple[int, ...]) -> None:
    """Two refunds of two purchases take one each, and a third finds nothing left: in any order."""
    first, second = await bought(home.card), await bought(home.card, day=date(2026, 3, 5))
    refunds = [await returned(home.card, day=date(2026, 3, day)) for day in (10, 11, 12)]
    chunks = [[first], [second], refunds[:2], refunds[2:]]
    for place in order:
        await home.changed(home.card, *chunks[place])
    assert await home.links() == {refunds[0]: (None, second), refunds[1]: (None, first)}


async def test_a_smaller_refund_leaves_room(home: Household) -> None:
    """A refund that the bank tells smaller leaves the rest of its purchase to a later one."""
    purchase, refund = await bought(home.card), await returned(home.card)
    later = await returned(home.card, amount=Decimal(-50), day=date(2026, 3, 12))
    await home.changed(home.card, purchase, refund, later)
    assert await home.links() == {refund: (None, purchase)}
    await home.card.modify(refund, amount=Decimal(-20))
    await home.changed(home.card, refund)
    assert await home.links() == {refund: (None, purchase), later: (None, purchase)}


async def test_no_refund_of_strangers(home: Household) -> None:
    """Another user's purchase, another currency, one too old, one later and a smaller one are not given back."""
    stranger = await linked_bank(home.database, 2)
    await home.changed(stranger, await bought(stranger))
    await home.changed(home.card, await bought(home.card, iso_currency_code="CAD"))
    await home.changed(home.card, await bought(home.card, day=date(2025, 9, 10)))
    await home.changed(home.card, await bought(home.card, day=date(2026, 3, 11)))
    await home.changed(home.card, await bought(home.card, amount=Decimal("89.89")))
    refund = await returned(home.card)
    await home.changed(home.card, refund)
    assert await home.links() == {}
    assert (await home.live())[refund].amount == BACK


async def test_by_name_where_plaid_knows_no_merchant(home: Household) -> None:
    """Without Plaid's id the merchant's words, as read, are what purchase and refund have in common."""
    purchase = await bought(home.card, name="LOWES #00907 SEATTLE WA", merchant_entity_id=None)
    refund = await returned(home.card, name="LOWES #1234", merchant_entity_id=None)
    await home.changed(home.card, purchase, refund)
    assert await purchase_of(home, refund) == purchase


async def test_rules_win(home: Household, database: Database) -> None:
    """A user's rule decides about a refund, and the link is known all the same."""
    purchase, refund = await bought(home.card), await returned(home.card)
    rule = Rule(1, "travel", contains="lowes", money="in")
    async with database.transaction() as session:
        values = {"user_id": 1, "position": 1, "category": rule.category, "contains": rule.contains, "money": "in"}
        await session.execute(category_rules.insert().values(values))
    await home.changed(home.card, purchase, refund)
    assert (await home.live())[refund].auto_category == "travel"
    assert await purchase_of(home, refund) == purchase
    before = await home.live()
    await home.changed(home.card, purchase, refund)
    assert await home.live() == before


async def test_later_rules_leave_it(home: Household, database: Database) -> None:
    """What a purchase made of its refund stays when a rule comes, as every decision does, until it is applied."""
    purchase, refund = await bought(home.card), await returned(home.card)
    await home.changed(home.card, purchase, refund)
    async with database.transaction() as session:
        values = {"user_id": 1, "position": 1, "category": "transfer", "contains": "lowes"}
        await session.execute(category_rules.insert().values(values))
    await home.changed(home.card, refund)
    assert (await home.live())[refund].source == "refund"
