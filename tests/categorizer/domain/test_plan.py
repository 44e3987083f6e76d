from dataclasses import replace
from decimal import Decimal

import pytest

from categorizer.domain.case import Taught
from categorizer.domain.catalogue import OTHER
from categorizer.domain.decision import Decision
from categorizer.domain.expense import expense_of
from categorizer.domain.merchant import Merchant
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.domain.plan import Expense, Known, plan
from categorizer.domain.transaction import Transaction
from common.category_rules import Rule, Rules
from tests.categorizer.domain.transactions import plaid, transaction

TRANSFER = plaid("TRANSFER_OUT", "ACCOUNT_TRANSFER") | {"name": "ONLINE TRANSFER TO 1234", "merchant_name": None}


def standing(row: Transaction, decision: Decision, **different: object) -> Known:
    """Return what is known once the row is decided so."""
    draft = expense_of(row, decision, is_expense=True, merchant=Merchant(None, "CHIPOTLE"))
    assert draft is not None
    expense = Expense(7, draft, PIPELINE_VERSION, withdrawn=False, user_category=None)
    return Known(row, version=1, decided_version=1, linked_expense_id=7, expense=replace(expense, **different))  # type: ignore[arg-type]


@pytest.fixture
def known(pipeline: Pipeline) -> Known:
    """A lunch and its expense."""
    return standing(transaction(), pipeline.categorize(transaction()))


def test_settled(pipeline: Pipeline, known: Known) -> None:
    """Where nothing differs, nothing is written."""
    assert plan([known], pipeline) == []
    assert plan([Known(transaction(pending=True), 1, 0, None, None)], pipeline) == []


def test_new(pipeline: Pipeline) -> None:
    """A transaction that is an expense and has none gets one."""
    (posting,) = plan([Known(transaction(), 1, 0, None, None)], pipeline)
    assert (posting.outcome, posting.withdrawn) == ("posted", False)


def test_decision_is_kept(pipeline: Pipeline, known: Known) -> None:
    """A category, once decided for a version by this pipeline, is kept, even if it would now decide otherwise."""
    assert known.expense is not None
    once = Decision("software", Decimal("0.95"), "merchant_lexicon", "Said so then.")
    kept = standing(known.transaction, once)
    assert plan([kept], pipeline) == []
    (moved,) = plan([kept._replace(version=2)], pipeline)
    assert moved.draft.decision.category == "meals"
    assert kept.expense is not None
    (older,) = plan([kept._replace(expense=replace(kept.expense, pipeline_version="0"))], pipeline)
    assert (older.draft.decision.category, older.outcome) == ("meals", "changed")


def test_pipeline_version_alone_is_unseen(pipeline: Pipeline, known: Known) -> None:
    """A newer pipeline that answers the same is noted, and its user hears nothing."""
    assert known.expense is not None
    (posting,) = plan([known._replace(expense=replace(known.expense, pipeline_version="0"))], pipeline)
    assert (posting.outcome, posting.draft) == ("unseen", known.expense.draft)


def test_amount_follows_even_a_kept_decision(pipeline: Pipeline, known: Known) -> None:
    """Amount, date and words are the transaction's at any time, whatever was decided about the category."""
    (posting,) = plan([known._replace(transaction=transaction(amount=Decimal(99)))], pipeline)
    assert (posting.outcome, posting.draft.amount) == ("changed", Decimal(99))


def test_withdrawn_and_returned(pipeline: Pipeline, known: Known) -> None:
    """What is no expense any more is withdrawn with its last face; what is one again returns."""
    gone = known._replace(transaction=transaction(removed=True))
    (posting,) = plan([gone], pipeline)
    assert known.expense is not None
    assert (posting.outcome, posting.withdrawn, posting.draft) == ("withdrawn", True, known.expense.draft)
    withdrawn = replace(known.expense, withdrawn=True)
    assert plan([gone._replace(expense=withdrawn)], pipeline) == []
    (back,) = plan([known._replace(expense=withdrawn)], pipeline)
    assert (back.outcome, back.withdrawn) == ("returned", False)


def test_kept_decision_never_brings_back_a_transfer(pipeline: Pipeline, known: Known) -> None:
    """What became a transfer stays withdrawn when its message comes again."""
    turned = known._replace(transaction=transaction(**TRANSFER), version=2)
    (posting,) = plan([turned], pipeline)
    assert known.expense is not None
    after = replace(known.expense, draft=posting.draft, withdrawn=posting.withdrawn)
    assert plan([turned._replace(decided_version=2, expense=after)], pipeline) == []


def test_user_category_counts(pipeline: Pipeline, known: Known) -> None:
    """The user's category decides whether it is an expense: theirs outlasts a transfer, and makes one."""
    assert known.expense is not None
    mine = known._replace(expense=replace(known.expense, user_category="meals"))
    (still,) = plan([mine._replace(transaction=transaction(**TRANSFER), version=2)], pipeline)
    assert (still.withdrawn, still.draft.decision.category) == (False, "transfer")
    moved = known._replace(expense=replace(known.expense, user_category="transfer"))
    (posting,) = plan([moved], pipeline)
    assert (posting.outcome, posting.draft.decision.category) == ("withdrawn", "meals")


def test_question_becomes_an_answer(pipeline: Pipeline) -> None:
    """A new version with a surer category moves the expense out of `other`."""
    unsure = transaction(name="XQWZK", merchant_name=None, pfc_confidence="LOW")
    known = standing(unsure, pipeline.categorize(unsure))
    assert known.expense is not None
    assert known.expense.draft.decision.category == OTHER
    (posting,) = plan([known._replace(transaction=transaction(), version=2)], pipeline)
    assert (posting.outcome, posting.draft.decision.category) == ("changed", "meals")
    assert not posting.draft.decision.needs_review


def test_a_new_rule_leaves_what_is_decided(pipeline: Pipeline, known: Known) -> None:
    """A rule counts from the next version on, or once it is applied, which takes the mark of the decision away."""
    rules = Rules([Rule(5, "travel", contains="chipotle")])
    assert plan([known], pipeline, Taught(rules)) == []
    for anew in (known._replace(version=2), known._replace(decided_version=0)):
        (posting,) = plan([anew], pipeline, Taught(rules))
        assert (posting.outcome, posting.draft.decision.rule_id) == ("changed", 5)


def test_a_rule_makes_expenses_and_no_expenses(pipeline: Pipeline) -> None:
    """What Plaid calls a transfer becomes one by a rule for it, and what is an expense none; the user's word stands."""
    rules = Rules([Rule(5, "subcontractors", contains="bob"), Rule(6, "transfer", contains="chipotle")])
    (posting,) = plan(
        [Known(transaction(**TRANSFER | {"name": "ZELLE BOB"}), 1, 0, None, None)], pipeline, Taught(rules)
    )
    assert (posting.outcome, posting.draft.decision.category) == ("posted", "subcontractors")
    lunch = standing(transaction(), pipeline.categorize(transaction()))._replace(decided_version=0)
    (gone,) = plan([lunch], pipeline, Taught(rules))
    assert (gone.outcome, gone.draft.decision.rule_id) == ("withdrawn", 6)
    assert lunch.expense is not None
    mine = lunch._replace(expense=replace(lunch.expense, user_category="meals"))
    (stays,) = plan([mine], pipeline, Taught(rules))
    assert not stays.withdrawn
