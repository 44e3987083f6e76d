from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from categorizer import data
from categorizer.domain.case import Taught, Thresholds
from categorizer.domain.decision import Decision
from categorizer.domain.memory import Answer, Memory
from categorizer.domain.pipeline import Pipeline
from common.category_rules import Rule, Rules
from tests.categorizer.domain.transactions import transaction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VENMO: dict[str, Any] = {"name": "VENMO PAYMENT 1234", "merchant_name": "Venmo"}
AMAZON: dict[str, Any] = {"name": "AMAZON MKTPL*RT4Y", "merchant_name": "Amazon"}
NOBODY_KNOWS: dict[str, Any] = {
    "name": "ZORBLAX HOLDINGS",
    "merchant_name": None,
    "pfc_detailed": None,
    "pfc_primary": None,
}


def answered(pipeline: Pipeline, *newest_first: str, rules: Rules | None = None, **different: Any) -> Decision:
    """Return the decision about the lunch once its user has answered so about earlier ones."""
    row, memory = transaction(**different), Memory()
    for age, category in enumerate(newest_first):
        answer = Answer(NOON - timedelta(days=age), 100 + age, category)
        memory.learn(pipeline.merchant(row), answer, money_in=row.money_in)
    return pipeline.categorize(row, Taught(rules or Rules(), memory))


def test_one_answer_decides_over_lexicon_and_plaid(pipeline: Pipeline) -> None:
    """What Plaid and the lexicon are very sure of is not what this user wants: one correction is enough."""
    decision = answered(pipeline, "travel")
    assert (decision.category, decision.source, decision.needs_review) == ("travel", "memory", False)
    assert decision.confidence == Decimal("0.84")
    assert decision.reason == f"You chose {pipeline.catalogue.name('travel')} for Chipotle last time."


def test_agreeing_answers_are_counted_in_the_reason(pipeline: Pipeline) -> None:
    """In plain words, with the merchant's name."""
    decision = answered(pipeline, "travel", "travel")
    assert decision.reason == f"You chose {pipeline.catalogue.name('travel')} for Chipotle the last 2 times."
    assert decision.confidence == Decimal("0.91")


def test_the_text_makes_it_surer_where_it_agrees(pipeline: Pipeline) -> None:
    """Two witnesses that agree are wrong only where both are; only a user or a rule is certain."""
    assert Decimal("0.91") < answered(pipeline, "meals").confidence < 1


def test_a_rule_stands_before_it(pipeline: Pipeline) -> None:
    """What was laid down is for good, what was answered is an example."""
    assert answered(pipeline, "travel", rules=Rules([Rule(1, "fuel", contains="chipotle")])).category == "fuel"


@pytest.mark.parametrize("many", [AMAZON, VENMO, {"name": "ATM 0032 MAIN ST"}, {"name": "CHECK 1042"}])
@pytest.mark.parametrize(("answers", "asks"), [(1, True), (2, True), (3, False)])
def test_what_can_be_many_things_needs_three(
    pipeline: Pipeline, answers: int, asks: bool, many: dict[str, Any]
) -> None:
    """Marketplaces, payment apps, machines, checks: fewer are a question that offers the answer; the doubt is told."""
    decision = answered(pipeline, *["office_supplies"] * answers, **many)
    assert (decision.source, decision.needs_review) == ("memory", asks)
    assert (decision.alternatives[0] if asks else decision.category) == "office_supplies"
    assert (decision.category == "other") == asks
    assert "but it can be many things" in decision.reason


def test_a_person_behind_an_app_is_one_thing(pipeline: Pipeline) -> None:
    """Who is paid through an app is known by name, and one answer settles it."""
    john: dict[str, Any] = {"name": "VENMO *JOHN SMITH", "merchant_name": "Venmo"}
    assert answered(pipeline, "subcontractors", **john).category == "subcontractors"


@pytest.mark.parametrize(
    ("answers", "asks"),
    [
        (["travel", "meals"], True),
        (["travel", "travel", "meals"], True),
        (["travel", "travel", "travel", "meals"], False),
    ],
)
def test_divided_answers_ask_until_three_agree(pipeline: Pipeline, answers: list[str], asks: bool) -> None:
    """Neither Plaid nor the last word decides meanwhile; the question offers both."""
    decision = answered(pipeline, *answers)
    assert (decision.source, decision.needs_review) == ("memory", asks)
    assert f"and {pipeline.catalogue.name('meals')} before" in decision.reason
    if asks:
        assert decision.alternatives[:2] == ("travel", "meals")


def test_an_old_answer_asks(pipeline: Pipeline) -> None:
    """It is offered, and its age is told."""
    decision = answered(pipeline, "travel", date=(NOON + timedelta(days=900)).date())
    assert (decision.needs_review, decision.alternatives[0]) == (True, "travel")
    assert "long ago" in decision.reason


def test_money_out_is_no_income_whatever_was_answered(pipeline: Pipeline) -> None:
    """Such an answer is left to the other stages; money in may be."""
    assert answered(pipeline, "income").source != "memory"
    decision = answered(pipeline, "income", amount=Decimal(-12))
    assert (decision.category, decision.source) == ("income", "memory")


def test_money_moved_stays_so(pipeline: Pipeline) -> None:
    """Who said that it only moved is not asked whether it was spent."""
    decision = answered(pipeline, "transfer", **NOBODY_KNOWS)
    assert (decision.category, decision.needs_review) == ("transfer", False)


def test_it_has_a_threshold_of_its_own() -> None:
    """With 0.9 one answer asks and two decide, whatever the threshold of the other stages."""
    strict = data.pipeline(Thresholds(memory_below=Decimal("0.9")))
    assert [answered(strict, *["travel"] * times).needs_review for times in (1, 2)] == [True, False]


def test_the_same_again_is_the_same(pipeline: Pipeline) -> None:
    """Store numbers, cities, codes of orders and cases make no other merchant of it."""
    row, memory = transaction(), Memory()
    memory.learn(pipeline.merchant(row), Answer(NOON, 7, "travel"), money_in=False)
    for name in ("CHIPOTLE 0077", "Chipotle 1234 DENVER CO", "chipotle #12", "CHIPOTLE *RT4Y3"):
        assert pipeline.categorize(transaction(name=name), Taught(memory=memory)).category == "travel", name
