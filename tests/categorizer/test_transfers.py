"""Money that moves between accounts of one user is no expense, whoever hears of which half first."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from categorizer.learning import learn
from common.database import Database
from common.events import ExpenseCorrected
from common.tables.link_api import category_rules
from tests.categorizer.bank import Bank, linked_bank
from tests.categorizer.household import MOVED_IN, UNCLEAR, Household, household

FIVE = Decimal(500)


@pytest.fixture
async def home(database: Database, pipeline: Pipeline, bank: Bank) -> Household:
    return await household(database, pipeline, bank)


async def moved(home: Household, **different: Any) -> tuple[int, int]:
    """Store two halves, undecided: nobody could say of the first what it is."""
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE, "date": date(2026, 3, 1)} | different)
    into = await home.savings.add(**MOVED_IN | {"amount": -FIVE, "date": date(2026, 3, 3)})
    return out, into


@pytest.mark.parametrize("first", ["out", "in", "both"])
async def test_a_pair_is_no_expense(home: Household, first: str) -> None:
    """What asked alone is a transfer with its other half, in any order of messages, and says why."""
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE, "date": date(2026, 3, 1)})
    if first == "out":
        await home.changed(home.checking, out)
        assert (await home.live())[out].needs_review
    into = await home.savings.add(**MOVED_IN | {"amount": -FIVE, "date": date(2026, 3, 3)})
    await home.changed(home.checking, *{"out": [into], "in": [into, out], "both": [into, out]}[first])
    await home.changed(home.checking, out)
    assert await home.pairs() == {(out, into)}
    assert await home.live() == {}
    if first == "out":
        (gone,) = await home.checking.expenses()
        assert (gone.auto_category, gone.source) == ("transfer", "counterpart")
        assert gone.reason == "The same 500.00 came into your savings ••1111 on 3 March."


async def test_a_rule_decides_its_own_half_alone(home: Household, database: Database) -> None:
    """A user's rule makes an expense of one half; the pair is known, and the other half stays a transfer."""
    values = {"user_id": 1, "position": 1, "category": "rent", "contains": UNCLEAR["name"], "money": "out"}
    async with database.transaction() as session:
        await session.execute(category_rules.insert().values(values))
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE, "date": date(2026, 3, 1)})
    into = await home.savings.add(**MOVED_IN | {"amount": -FIVE, "date": date(2026, 3, 3)})
    await home.changed(home.checking, out, into)
    await home.changed(home.savings, into)
    assert await home.pairs() == {(out, into)}
    assert {id_: row.auto_category for id_, row in (await home.live()).items()} == {out: "rent"}


async def test_the_other_half_follows(home: Household) -> None:
    """The half that is decided already hears of its new other half by a message of its own, and then all is quiet."""
    out, into = await moved(home)
    await decide(home.checking.changed(out), home.database, home.pipeline)
    assert (await home.links()) == {out: (into, None)}
    await decide(home.checking.changed(into), home.database, home.pipeline)
    assert await home.pairs() == {(out, into)}
    assert await home.deliver() == 0


async def test_payment_of_a_linked_card(home: Household) -> None:
    """Money that reaches a card of the user, at another bank, pays a debt: by both halves' words."""
    paid = {"pfc_primary": "LOAN_PAYMENTS", "pfc_detailed": "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT"}
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE})
    await home.changed(home.checking, out)
    into = await home.card.add(**UNCLEAR | paid | {"amount": -FIVE})
    await home.changed(home.card, into)
    assert await home.pairs() == {(out, into)}
    (gone,) = await home.checking.expenses()
    assert (gone.auto_category, gone.withdrawn_at is None) == ("debt_payment", False)
    assert gone.reason == "The same 500.00 came into your credit card ••3333 on 2 March."


Change = Callable[[Household, int], Awaitable[None]]


async def _amount(home: Household, into: int) -> None:
    await home.savings.modify(into, amount=Decimal(-501))


async def _removed(home: Household, into: int) -> None:
    await home.savings.remove(into)


async def _muted(home: Household, _into: int) -> None:
    await home.savings.mute()


async def _pending(home: Household, into: int) -> None:
    await home.savings.modify(into, pending=True)


async def _called_a_purchase(home: Household, into: int) -> None:
    await home.savings.modify(into, pfc_primary="FOOD_AND_DRINK", pfc_detailed="FOOD_AND_DRINK_FAST_FOOD")


async def _superseded(home: Household, into: int) -> None:
    name = (await home.rows())[into].transaction_id
    await home.savings.add(**MOVED_IN | {"amount": Decimal(-500), "pending_transaction_id": name, "pfc_primary": "X"})


CHANGES = [_amount, _removed, _muted, _pending, _called_a_purchase, _superseded]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_half_that_goes_frees_the_other(home: Household, change: Change) -> None:
    """Whatever takes one half away, the message about it leaves the other alone, and its return pairs again."""
    out, into = await moved(home)
    await home.changed(home.checking, out, into)
    await change(home, into)
    await home.changed(home.checking, into)
    assert await home.pairs() == set()
    assert [one.needs_review for id_, one in (await home.live()).items() if id_ == out] == [True]
    await home.savings.mute(enabled=True)
    await home.savings.modify(into, **MOVED_IN | {"amount": -FIVE, "sync_status": "synced", "pending": False})
    rows = await home.rows()
    await home.savings.remove(max(rows)) if max(rows) != into else None
    await home.changed(home.checking, into)
    assert await home.pairs() == {(out, into)}
    assert out not in await home.live()


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_freed_halves_find_others(home: Household, order: tuple[int, ...]) -> None:
    """Of two that could be the other half the nearest is; when it goes, the second takes its place: in any order."""
    near, far = date(2026, 3, 1), date(2026, 3, 4)
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE, "date": near})
    first = await home.savings.add(**MOVED_IN | {"amount": -FIVE, "date": near})
    second = await home.card.add(**MOVED_IN | {"amount": -FIVE, "date": far})
    banks = [(home.checking, out), (home.savings, first), (home.card, second)]
    for place in order:
        await home.changed(*banks[place])
    assert await home.pairs() == {(out, first)}
    await home.savings.remove(first)
    await home.changed(home.savings, first)
    assert await home.pairs() == {(out, second)}


async def test_the_user_decides(home: Household, database: Database) -> None:
    """What its user calls spending is an expense and nobody's other half; called nothing again, it is."""
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE})
    await home.changed(home.checking, out)
    await home.corrected(home.checking, out, "materials")
    into = await home.savings.add(**MOVED_IN | {"amount": -FIVE})
    await home.changed(home.savings, into)
    assert await home.pairs() == set()
    assert (await home.live())[out].user_category_id == "materials"
    await home.checking.decide(out, user_category_id=None)
    expense_id = (await home.live())[out].id
    await learn(ExpenseCorrected(user_id=1, expense_ids=[expense_id]), database)
    await home.deliver()
    assert await home.pairs() == {(out, into)}
    assert await home.live() == {}


async def test_strangers_and_own_account(home: Household) -> None:
    """Another user's transaction, one of the same account, another currency and one six days off are no other half."""
    stranger = await linked_bank(home.database, 2)
    out = await home.checking.add(**UNCLEAR | {"amount": FIVE, "date": date(2026, 3, 1)})
    others = [
        (stranger, await stranger.add(**MOVED_IN | {"amount": -FIVE})),
        (home.checking, await home.checking.add(**MOVED_IN | {"amount": -FIVE})),
        (home.savings, await home.savings.add(**MOVED_IN | {"amount": -FIVE, "iso_currency_code": "CAD"})),
        (home.savings, await home.savings.add(**MOVED_IN | {"amount": -FIVE, "date": date(2026, 3, 7)})),
    ]
    for bank, id_ in [*others, (home.checking, out)]:
        await home.changed(bank, id_)
    assert await home.links() == {}
    assert out in await home.live()


async def test_chance_hides_nothing(home: Household) -> None:
    """A lunch and a refund of the same amount, and a lunch and a transfer of it, stay what they are."""
    lunch = await home.card.add(amount=Decimal(50))
    refund = await home.checking.add(amount=Decimal(-50), name="LOWES 22", merchant_name="Lowe's")
    transfer = await home.savings.add(**MOVED_IN | {"amount": Decimal(-50)})
    for bank, id_ in ((home.card, lunch), (home.checking, refund), (home.savings, transfer)):
        await home.changed(bank, id_)
    assert await home.pairs() == set()
    assert set(await home.live()) == {lunch, refund}


async def test_zero_moves_nothing(home: Household) -> None:
    """Zero amounts are no halves of each other."""
    ids = [await home.checking.add(**MOVED_IN | {"amount": Decimal(0)})]
    ids.append(await home.savings.add(**MOVED_IN | {"amount": Decimal(0)}))
    await home.changed(home.checking, *ids)
    assert (await home.links(), await home.live()) == ({}, {})


async def test_again_is_quiet(home: Household) -> None:
    """The same messages once more write nothing and ask nobody."""
    ids = await moved(home)
    await home.changed(home.checking, *ids)
    before = await home.rows(), await home.live()
    await decide(home.checking.changed(*ids), home.database, home.pipeline)
    assert home.post == []
    assert (await home.rows(), await home.live()) == before
