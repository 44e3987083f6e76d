from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from categorizer import data
from categorizer.domain.case import Taught, Thresholds
from categorizer.domain.catalogue import INCOME, OTHER
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.domain.reliability import Outcomes, Reliability
from categorizer.domain.transaction import Transaction
from common.category_rules import Rule, Rules
from tests.categorizer.domain.test_catalogue import taxonomy
from tests.categorizer.domain.transactions import CARD, plaid, transaction

NOTHING = {"pfc_version": None, "pfc_primary": None, "pfc_detailed": None, "pfc_confidence": None}
MARKETPLACE = plaid("GENERAL_MERCHANDISE", "ONLINE_MARKETPLACES")


def unnamed(**different: Any) -> Transaction:
    """Return a transaction whose text says nothing."""
    return transaction(**{"name": "XQWZK", "merchant_name": None} | different)


def named(name: str, **different: Any) -> Transaction:
    """Return a transaction of which Plaid says nothing."""
    return transaction(**{"name": name, "merchant_name": None} | NOTHING | different)


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
def test_plaid_alone(pipeline: Pipeline, level: str | None, confidence: str) -> None:
    """Where the text says nothing, Plaid's level of confidence is ours, and below the threshold the user is asked."""
    decision = pipeline.categorize(unnamed(pfc_confidence=level))
    assert decision.confidence == Decimal(confidence)
    assert decision.source == "plaid_category"
    assert decision.needs_review == (decision.confidence < Decimal("0.86"))
    assert decision.category == (OTHER if decision.needs_review else "meals")


def test_text_alone(pipeline: Pipeline) -> None:
    """Without a word of Plaid's, the bank's phrase, a known merchant or a trade's word decides, and is named."""
    for name, category, source, reason in (
        ("OVERDRAFT FEE", "bank_fees", "phrase", "The bank calls it “OVERDRAFT FEE”."),
        ("HOME DEPOT #4521", "materials", "merchant", "“HOME DEPOT” sells building materials."),
        ("MISTER KO SUSHI", "meals", "keyword", "The name says “SUSHI”."),
    ):
        decision = pipeline.categorize(named(name))
        assert (decision.category, decision.source, decision.reason) == (category, source, reason)
        assert (decision.needs_review, len(decision.alternatives)) == (False, 2)


def test_text_and_plaid_together(pipeline: Pipeline) -> None:
    """Two that agree are surer than each; a doubt of one is lifted by the other."""
    unsure = pipeline.categorize(named("GOLDEN SPOON"))
    alone = pipeline.categorize(unnamed(pfc_confidence="MEDIUM"))
    both = pipeline.categorize(transaction(name="GOLDEN SPOON", merchant_name=None, pfc_confidence="MEDIUM"))
    assert unsure.needs_review
    assert alone.needs_review
    assert (both.category, both.needs_review) == ("meals", False)
    assert both.confidence > max(unsure.confidence, alone.confidence)


def test_disagreement(pipeline: Pipeline) -> None:
    """Text and Plaid that are both sure of different things ask, and the reason names both; an unsure one gives way."""
    hotel = plaid("TRAVEL", "LODGING")
    decision = pipeline.categorize(transaction(**hotel))
    assert (decision.category, decision.needs_review) == (OTHER, True)
    assert {"meals", "travel"} <= set(decision.alternatives)
    assert "“lodging (travel)”" in decision.reason
    assert decision.reason.endswith(("or Meals?", f"or {pipeline.catalogue.name('travel')}?"))
    unsure = pipeline.categorize(transaction(**plaid("TRAVEL", "LODGING", "LOW")))
    assert (unsure.category, unsure.source) == ("meals", "merchant")


def test_what_plaid_has_no_word_for(pipeline: Pipeline) -> None:
    """A software house is one whatever Plaid calls it, for Plaid has no word for that; a transfer it may be."""
    for code in (MARKETPLACE, plaid("GENERAL_SERVICES", "EDUCATION"), plaid("RENT_AND_UTILITIES", "TELEPHONE")):
        decision = pipeline.categorize(transaction(name="GITHUB INC", merchant_name=None, **code))
        assert (decision.category, decision.needs_review) == ("software", False)
    moved = plaid("TRANSFER_OUT", "SAVINGS")
    assert pipeline.categorize(transaction(name="GITHUB INC", merchant_name=None, **moved)).needs_review


def test_a_merchant_of_everything_asks(pipeline: Pipeline) -> None:
    """Who sells everything does not decide, and stays a question of three answers."""
    decision = pipeline.categorize(named("AMAZON MKTPLACE PMTS"))
    assert (decision.category, decision.needs_review) == (OTHER, True)
    assert decision.alternatives[0] == "shopping"
    assert "sells many kinds of things" in decision.reason


def test_other_texts_help(pipeline: Pipeline) -> None:
    """Where the name leaves a doubt, the merchant's name and the bank's own words are read too."""
    doubt = pipeline.categorize(named("XQWZK"))
    assert doubt.needs_review
    for more in ({"merchant_name": "Home Depot"}, {"original_description": "XQWZK HOME DEPOT 123"}):
        decision = pipeline.categorize(named("XQWZK", **more))
        assert (decision.category, decision.source) == ("materials", "merchant")


def test_question(pipeline: Pipeline) -> None:
    """A question posts to `other`, offers three with the best guess first, and says in plain words why it asks."""
    decision = pipeline.categorize(unnamed(pfc_confidence="MEDIUM"))
    assert decision.alternatives[0] == "meals"
    assert len(set(decision.alternatives)) == 3
    assert decision.reason == "Plaid calls it “fast food (food and drink)” with medium confidence. Is it Meals?"


def test_threshold(pipeline: Pipeline) -> None:
    """The threshold is a setting: at it, nothing is asked."""
    bold = data.pipeline(Thresholds(0.7))
    assert bold.categorize(unnamed(pfc_confidence="MEDIUM")).category == "meals"
    assert bold.categorize(unnamed(pfc_confidence="LOW")).needs_review


def test_reliability(pipeline: Pipeline) -> None:
    """Outcomes correct Plaid's figure: a code that users keep correcting asks, though Plaid is sure of it."""
    code = ("FOOD_AND_DRINK_FAST_FOOD", "VERY_HIGH")
    learned = replace(pipeline, reliability=Reliability([(code, Outcomes(right=2, wrong=40))]))
    assert not pipeline.categorize(unnamed()).needs_review
    assert learned.categorize(unnamed()).needs_review
    assert not learned.categorize(unnamed(pfc_confidence="HIGH")).needs_review


def test_low_information_never_decides_alone(pipeline: Pipeline) -> None:
    """A category that says too little asks, however sure Plaid is; with a text that says enough it is no hindrance."""
    bold = data.pipeline(Thresholds(0.6))
    for either in (pipeline, bold):
        decision = either.categorize(unnamed(**MARKETPLACE))
        assert (decision.category, decision.needs_review) == (OTHER, True)
        assert decision.alternatives[0] == "shopping"
    assert pipeline.categorize(transaction(**MARKETPLACE)).category == "meals"


@pytest.mark.parametrize("amount", [Decimal(100), Decimal(-100)])
@pytest.mark.parametrize("detail", ["ACCOUNT_TRANSFER", "SAVINGS", "WITHDRAWAL"])
@pytest.mark.parametrize("level", ["VERY_HIGH", "LOW", None])
@pytest.mark.parametrize("name", ["XQWZK", "Online Transfer to ...1234", "WITHDRAWAL"])
def test_transfers(pipeline: Pipeline, amount: Decimal, detail: str, level: str | None, name: str) -> None:
    """Plaid's doubt is about which kind of transfer: a transfer it stays, and nobody is asked."""
    decision = pipeline.categorize(unnamed(name=name, amount=amount, **plaid("TRANSFER_OUT", detail, level)))
    assert (decision.category, decision.needs_review) == ("transfer", False)


def test_a_purchase_is_no_transfer(pipeline: Pipeline) -> None:
    """What Plaid surely calls spending stays an expense, however its text sounds."""
    for name in ("ONLINE TRANSFER", "CREDIT CARD PAYMENT", "VENMO PAYMENT", "DIRECT DEPOSIT", "ATM WITHDRAWAL"):
        for amount in (Decimal(20), Decimal(-20)):
            decision = pipeline.categorize(transaction(name=name, merchant_name=None, amount=amount))
            assert pipeline.catalogue.is_expense(decision.category)


def test_income_that_went_out(pipeline: Pipeline) -> None:
    """Money out that Plaid calls income contradicts itself: ask. Money in is income; of nothing it is not known."""
    salary = plaid("INCOME", "SALARY")
    decision = pipeline.categorize(transaction(amount=Decimal(5), **salary))
    assert (decision.category, decision.needs_review, decision.source) == (OTHER, True, "sign")
    assert INCOME not in decision.alternatives
    assert len(decision.alternatives) == 3
    for amount in (Decimal(-5), Decimal(0)):
        assert pipeline.categorize(unnamed(amount=amount, **salary)).category == INCOME


def test_money_out_is_no_income(pipeline: Pipeline) -> None:
    """Whatever the text says, money that went out is no income, nor is that suggested."""
    for name in ("PAYROLL DEPOSIT", "DIVIDEND", "INTEREST PAID", "STRIPE PAYOUT", "DIRECT DEP", "XQWZK"):
        decision = pipeline.categorize(named(name, amount=Decimal(50)))
        assert INCOME not in (decision.category, *decision.alternatives)


def test_a_refund_keeps_its_category(pipeline: Pipeline) -> None:
    """Money in from a merchant of spending is a refund of that category."""
    decision = pipeline.categorize(named("THE HOME DEPOT #4521", amount=Decimal("-31.10")))
    assert (decision.category, decision.needs_review) == ("materials", False)


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
    decision = pipeline.categorize(unnamed(amount=Decimal(-5), **category))
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
    decision = pipeline.categorize(unnamed(amount=Decimal(-5), **category))
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
    """Money out that nothing explains is posted to `other` and asked about, first with what its primary suggests."""
    decision = pipeline.categorize(unnamed(**category))
    assert (decision.category, decision.needs_review) == (OTHER, True)
    assert decision.alternatives[: len(alternatives)] == alternatives
    assert len(decision.alternatives) == 3
    assert decision.confidence <= Decimal("0.5")


@pytest.mark.parametrize("name", ["XQWZK", "CHIPOTLE 1234", "ONLINE TRANSFER", "AMAZON MKTPLACE", ""])
def test_every_code_is_decided(pipeline: Pipeline, name: str) -> None:
    """Every code, sign and level gets a category, a confidence and a reason, and `other` exactly where it asks."""
    for version, primary, detailed in taxonomy():
        for amount in (Decimal(5), Decimal(-5), Decimal(0)):
            for level in ("VERY_HIGH", "LOW", None):
                code = plaid(primary, detailed.removeprefix(f"{primary}_"), level, version)
                decision = pipeline.categorize(unnamed(name=name, amount=amount, **code))
                assert decision.category in pipeline.catalogue.categories
                assert 0 <= decision.confidence <= 1
                assert decision.reason
                assert decision.needs_review == (decision.category == OTHER)
                assert OTHER not in decision.alternatives
                assert not decision.needs_review or len(set(decision.alternatives)) == 3
                assert amount <= 0 or decision.category != INCOME


def test_same_input_same_answer(pipeline: Pipeline) -> None:
    """Deciding is pure, and its version is stated."""
    assert pipeline.categorize(transaction()) == pipeline.categorize(transaction())
    assert PIPELINE_VERSION


def test_the_users_rule_comes_first(pipeline: Pipeline) -> None:
    """A user's rule answers before Plaid, surely, without a question, and is named; where none matches, Plaid does."""
    rules = Rules([Rule(5, "travel", contains="chipotle")])
    for doubt in ({}, {"pfc_confidence": "LOW"}, NOTHING, plaid("INCOME", "SALARY"), plaid("TRANSFER_OUT", "SAVINGS")):
        decision = pipeline.categorize(transaction(**doubt), Taught(rules))
        assert (decision.category, decision.confidence, decision.source) == ("travel", Decimal(1), "rule")
        assert (decision.rule_id, decision.needs_review) == (5, False)
        assert decision.reason == "Your rule says so: text contains “chipotle”."
    for elsewhere in (transaction(name="SHELL", merchant_name=None), transaction(account=CARD._replace(id=2))):
        other = Rules([Rule(5, "travel", contains="chipotle", account_id=1)])
        assert pipeline.categorize(elsewhere, Taught(other)) == pipeline.categorize(elsewhere)


def test_a_rule_may_leave_it_at_other(pipeline: Pipeline) -> None:
    """Whoever lays down `other` is not asked what it was."""
    decision = pipeline.categorize(transaction(), Taught(Rules([Rule(5, OTHER, contains="chipotle")])))
    assert (decision.category, decision.needs_review) == (OTHER, False)


def test_money_out_to_whom_income_comes_from(pipeline: Pipeline) -> None:
    """A card processor that takes money is asked about as its fee; what it pays out stays income."""
    out, back = (pipeline.categorize(named("ELAVON")._replace(amount=Decimal(sum_))) for sum_ in ("80", "-80"))
    assert (out.needs_review, out.alternatives[0]) == (True, "bank_fees")
    assert (back.needs_review, back.category) == (False, INCOME)


def test_what_is_posted_offers_what_people_take_for_it(pipeline: Pipeline) -> None:
    """Beside a category that stands, its neighbours are offered before what is merely frequent."""
    decision = pipeline.categorize(named("MARRIOTT")._replace(amount=Decimal(200)))
    assert (decision.needs_review, decision.category) == (False, "travel")
    assert set(decision.alternatives) <= {"meals", "vehicle", "entertainment"}
