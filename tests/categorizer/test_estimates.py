from dataclasses import replace
from decimal import Decimal

import pytest

from categorizer.domain.pipeline import Pipeline
from categorizer.domain.reliability import Outcomes, Reliability, claimed
from categorizer.estimates import Estimates, outcomes
from categorizer.handlers import decide
from categorizer.store.outcomes import MOST_OF_ONE, Confirmed, confirmed
from common.database import Database
from tests.categorizer.bank import Bank, linked_bank

CODE = ("FOOD_AND_DRINK_FAST_FOOD", "VERY_HIGH")
UNNAMED = {"name": "XQWZK", "merchant_name": None}


def test_without_outcomes_it_is_plaids_figure() -> None:
    """Nothing seen, nothing changed: what Plaid claims of its level; of an unknown level little."""
    for level, figure in (
        ("VERY_HIGH", 0.98),
        ("HIGH", 0.90),
        ("MEDIUM", 0.70),
        ("LOW", 0.50),
        ("NEW", 0.40),
        (None, 0.40),
    ):
        assert Reliability().of("FOOD_AND_DRINK_FAST_FOOD", level) == claimed(level) == figure


def test_outcomes_move_it_in_proportion() -> None:
    """Few outcomes move it little, many decide; each code and level is by itself, and what is learned replaces."""
    few, many = Reliability([(CODE, Outcomes(0, 2))]), Reliability([(CODE, Outcomes(0, 50))])
    assert 0.90 < few.of(*CODE) < 0.98
    assert many.of(*CODE) == pytest.approx(0.49)
    assert many.of(CODE[0], "HIGH") == 0.90
    assert Reliability([(("X", "LOW"), Outcomes(950, 0))]).of("X", "LOW") == pytest.approx(0.975)
    many.learn([])
    assert many.of(*CODE) == 0.98


def test_what_is_right(pipeline: Pipeline) -> None:
    """Right is what Plaid's code means among ours; codes that mean nothing to us are left out."""
    seen = [
        Confirmed("v2", "FOOD_AND_DRINK", CODE[0], CODE[1], "meals", 3.0),
        Confirmed("v2", "FOOD_AND_DRINK", CODE[0], CODE[1], "travel", 1.0),
        Confirmed("v2", "SPACE", "SPACE_LAUNCH", "HIGH", "travel", 9.0),
    ]
    assert outcomes(seen, pipeline.catalogue) == {CODE: Outcomes(3.0, 1.0)}


async def test_learned_from_confirmed_rows(database: Database, bank: Bank, pipeline: Pipeline) -> None:
    """Chosen and confirmed rows count, questions that were put aside and rows that nobody looked at do not."""
    rows = [UNNAMED for _ in range(5)]
    ids = await bank.add_many(rows)
    await decide(bank.changed(*ids), database, pipeline)
    await bank.decide(ids[0], user_category_id="travel")
    await bank.decide(ids[1], user_category_id="meals")
    await bank.decide(ids[2], reviewed_at=(await bank.expenses())[0].created_at)
    await bank.decide(ids[3], reviewed_at=(await bank.expenses())[0].created_at, needs_review=True)
    reliability = Reliability()
    assert await Estimates(database, pipeline.catalogue, reliability).once() == {CODE: Outcomes(2.0, 1.0)}
    assert reliability.of(*CODE) == pytest.approx((49 + 2) / 53)


async def test_many_wrong_ones_make_it_ask(database: Database, pipeline: Pipeline) -> None:
    """What many users corrected is asked about from then on; one user alone cannot bring that about."""
    banks = [await linked_bank(database, number) for number in range(1, 5)]
    learning = replace(pipeline, reliability=Reliability())
    estimates = Estimates(database, learning.catalogue, learning.reliability)
    for number, one in enumerate(banks, 1):
        ids = await one.add_many([UNNAMED for _ in range(30)])
        await decide(one.changed(*ids), database, learning)
        for id_ in ids:
            await one.decide(id_, user_category_id="travel")
        found = await estimates.once()
        assert found[CODE].wrong == pytest.approx(number * MOST_OF_ONE)
    async with database.transaction() as session:
        assert sum(one.times for one in await confirmed(session)) == pytest.approx(4 * MOST_OF_ONE)
    stranger = await linked_bank(database, 9)
    await decide(stranger.changed(await stranger.add(**UNNAMED)), database, learning)
    assert (await stranger.expense()).needs_review
    assert (await stranger.expense()).confidence < Decimal("0.6")
