import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from categorizer import data
from categorizer.domain.case import Taught, Thresholds
from categorizer.domain.catalogue import INCOME, OTHER
from categorizer.domain.expense import expense_of
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from common.category_rules import Rule, Rules
from tests.categorizer.domain.test_catalogue import taxonomy
from tests.categorizer.domain.transactions import CARD, plaid, transaction

NOTHING = {"pfc_version": None, "pfc_primary": None, "pfc_detailed": None, "pfc_confidence": None}
MARKETPLACE = plaid("GENERAL_MERCHANDISE", "ONLINE_MARKETPLACES")


@pytest.mark.parametrize(
    ("level", "confidence"),
    [
        ("VERY_HIGH", "0.98"),
        ("HIGH", "0.90"),
        ("MEDIUM", "0.70"),
        ("LOW", "0.50"),
        ("UNKNOWN", "0.40"),
        ("BRAND_NEW", "0.40"),
        (None, "0.40"),
    ],
)
def test_confidence(pipeline: Pipeline, level: str | None, confidence: str) -> None:
    """Plaid's level of confidence is ours, and below the threshold the user is asked."""
    decision = pipeline.categorize(transaction(pfc_confidence=level))
    assert decision.confidence == Decimal(confidence)
    assert decision.source == "plaid_category"
    assert decision.needs_review == (Decimal(confidence) < Decimal("0.8"))
    assert decision.category == (OTHER if decision.needs_review else "meals")


def test_question(pipeline: Pipeline) -> None:
    """A question posts to `other`, offers the best guess first, and says in plain words why it asks."""
    decision = pipeline.categorize(transaction(pfc_confidence="MEDIUM"))
    assert decision.alternatives[0] == "meals"
    assert decision.reason == "Plaid calls it “fast food (food and drink)” with medium confidence. Is it Meals?"


def test_threshold(pipeline: Pipeline) -> None:
    """The threshold is a setting: at it, nothing is asked."""
    bold = data.pipeline(Thresholds(Decimal("0.7")))
    assert bold.categorize(transaction(pfc_confidence="MEDIUM")).category == "meals"
    assert bold.categorize(transaction(pfc_confidence="LOW")).needs_review


def test_low_information_never_decides(pipeline: Pipeline) -> None:
    """A category that says too little asks, however sure Plaid is and however low the threshold."""
    bold = data.pipeline(Thresholds(Decimal(0)))
    for either in (pipeline, bold):
        decision = either.categorize(transaction(**MARKETPLACE))
        assert (decision.category, decision.needs_review) == (OTHER, True)
        assert decision.alternatives[0] == "shopping"


@pytest.mark.parametrize("amount", [Decimal(100), Decimal(-100)])
@pytest.mark.parametrize("detail", ["ACCOUNT_TRANSFER", "SAVINGS", "WITHDRAWAL"])
@pytest.mark.parametrize("level", ["VERY_HIGH", "LOW", None])
def test_transfers(pipeline: Pipeline, amount: Decimal, detail: str, level: str | None) -> None:
    """Plaid's doubt is about which kind of transfer: a transfer it stays, and nobody is asked."""
    decision = pipeline.categorize(transaction(amount=amount, **plaid("TRANSFER_OUT", detail, level)))
    assert (decision.category, decision.needs_review) == ("transfer", False)


def test_income_that_went_out(pipeline: Pipeline) -> None:
    """Money out that Plaid calls income contradicts itself: ask. Money in is income."""
    salary = plaid("INCOME", "SALARY")
    decision = pipeline.categorize(transaction(amount=Decimal(5), **salary))
    assert (decision.category, decision.needs_review, decision.source) == (OTHER, True, "sign")
    assert pipeline.categorize(transaction(amount=Decimal(-5), **salary)).category == INCOME


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        (NOTHING, INCOME),
        (plaid("OTHER", "OTHER"), INCOME),
        (plaid("OTHER", "NEWS"), INCOME),
        (plaid("SPACE", "LAUNCH"), INCOME),
        (plaid("TRANSFER_IN", "OTHER_TRANSFER_IN"), "transfer"),
        (plaid("TRANSFER_IN", "BY_PIGEON"), "transfer"),
        (plaid("LOAN_PAYMENTS", "CREDIT_CARD_PAYMENT"), "debt_payment"),
    ],
)
def test_money_in_without_an_expense_category(pipeline: Pipeline, category: dict[str, Any], expected: str) -> None:
    """Money in that no expense category claims is no expense, and nobody is asked."""
    decision = pipeline.categorize(transaction(amount=Decimal(-5), **category))
    assert (decision.category, decision.needs_review) == (expected, False)


@pytest.mark.parametrize(
    ("category", "suggestion"),
    [
        (plaid("GENERAL_SERVICES", "OTHER_GENERAL_SERVICES"), "professional_services"),
        (MARKETPLACE, "shopping"),
        (plaid("FOOD_AND_DRINK", "ALGAE"), "meals"),
    ],
)
def test_vague_refund(pipeline: Pipeline, category: dict[str, Any], suggestion: str) -> None:
    """Money in under a vague category of spending is a refund, and its user is asked of what."""
    decision = pipeline.categorize(transaction(amount=Decimal(-5), **category))
    assert (decision.category, decision.needs_review) == (OTHER, True)
    assert decision.alternatives[0] == suggestion


@pytest.mark.parametrize(
    ("category", "alternatives"),
    [
        (NOTHING, ()),
        (plaid("SPACE", "LAUNCH"), ()),
        (plaid("FOOD_AND_DRINK", "ALGAE"), ("meals", "groceries")),
        (plaid("TRANSFER_OUT", "OTHER_TRANSFER_OUT"), ("transfer",)),
        (plaid("TRANSFER_OUT", "BY_PIGEON"), ("transfer",)),
    ],
)
def test_money_out_that_nothing_explains(
    pipeline: Pipeline, category: dict[str, Any], alternatives: tuple[str, ...]
) -> None:
    """Money out that nothing explains is posted to `other` and asked about, with what its primary suggests."""
    decision = pipeline.categorize(transaction(**category))
    assert (decision.category, decision.needs_review) == (OTHER, True)
    assert decision.alternatives == alternatives
    assert decision.confidence <= Decimal("0.5")


def test_every_code_is_decided(pipeline: Pipeline) -> None:
    """Every code, sign and level gets a category, a confidence and a reason, and `other` exactly where it asks."""
    for version, primary, detailed in taxonomy():
        for amount in (Decimal(5), Decimal(-5)):
            for level in ("VERY_HIGH", "LOW", None):
                code = plaid(primary, detailed.removeprefix(f"{primary}_"), level, version)
                decision = pipeline.categorize(transaction(amount=amount, **code))
                assert decision.category in pipeline.catalogue.categories
                assert 0 <= decision.confidence <= 1
                assert decision.reason
                assert decision.needs_review == (decision.category == OTHER)
                assert OTHER not in decision.alternatives


def test_same_input_same_answer(pipeline: Pipeline) -> None:
    """Deciding is pure, and its version is stated."""
    assert pipeline.categorize(transaction()) == pipeline.categorize(transaction())
    assert PIPELINE_VERSION


def test_speed(pipeline: Pipeline) -> None:
    """Deciding takes at most 50 µs a transaction, in the best of five batches."""
    rows = [
        transaction(id=number, **plaid(primary, detailed.removeprefix(f"{primary}_"), "MEDIUM", version))
        for number, (version, primary, detailed) in enumerate(taxonomy())
    ]

    def batch() -> float:
        start = time.perf_counter()
        for row in rows:
            decision = pipeline.categorize(row)
            expense_of(row, decision, is_expense=pipeline.catalogue.is_expense(decision.category))
        return (time.perf_counter() - start) / len(rows)

    assert min(batch() for _ in range(5)) < 50e-6


def test_the_users_rule_comes_first(pipeline: Pipeline) -> None:
    """A user's rule answers before Plaid, surely, without a question, and is named; where none matches, Plaid does."""
    rules = Rules([Rule(5, "travel", contains="chipotle")])
    for doubt in ({}, {"pfc_confidence": "LOW"}, NOTHING, plaid("INCOME", "SALARY"), plaid("TRANSFER_OUT", "SAVINGS")):
        decision = pipeline.categorize(transaction(**doubt), Taught(rules))
        assert (decision.category, decision.confidence, decision.source) == ("travel", Decimal(1), "rule")
        assert (decision.rule_id, decision.needs_review) == (5, False)
        assert decision.reason == "Your rule says so: text contains “chipotle”."
    for elsewhere in (transaction(name="SHELL", merchant_name=None), transaction(account=replace(CARD, id=2))):
        other = Rules([Rule(5, "travel", contains="chipotle", account_id=1)])
        assert pipeline.categorize(elsewhere, Taught(other)) == pipeline.categorize(elsewhere)


def test_a_rule_may_leave_it_at_other(pipeline: Pipeline) -> None:
    """Whoever lays down `other` is not asked what it was."""
    decision = pipeline.categorize(transaction(), Taught(Rules([Rule(5, OTHER, contains="chipotle")])))
    assert (decision.category, decision.needs_review) == (OTHER, False)
