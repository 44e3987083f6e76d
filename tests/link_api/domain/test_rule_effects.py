from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from categorizer import data
from categorizer.domain.case import Taught
from categorizer.domain.pipeline import PIPELINE_VERSION
from categorizer.domain.plan import Expense, Known, plan
from categorizer.domain.transaction import Transaction
from common.category_rules import Rule, Rules
from link_api.domain.rule_effects import Candidate, Decided, Outlook, placed
from tests.categorizer.domain.transactions import plaid, transaction

PIPELINE = data.pipeline()
NONEXPENSE = {slug for slug in PIPELINE.catalogue.categories if not PIPELINE.catalogue.is_expense(slug)}
ONE = 5
"""The id of the rule that is applied."""

SLUGS = st.sampled_from(["meals", "travel", "other", "transfer", "income"])
CODES = st.sampled_from(
    [
        {},
        {"pfc_confidence": "LOW"},
        plaid("TRANSFER_OUT", "SAVINGS"),
        plaid("INCOME", "SALARY"),
        plaid("GENERAL_MERCHANDISE", "ONLINE_MARKETPLACES"),
        plaid("SPACE", "LAUNCH"),
    ]
)
TRANSACTIONS = st.builds(
    lambda code, name, amount: transaction(name=name, merchant_name=None, amount=amount, **code),
    CODES,
    st.sampled_from(["AA", "aB", "Bé"]),
    st.sampled_from([Decimal("12.30"), Decimal("-12.30"), Decimal(99)]),
)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "contains": st.sampled_from(["a", "b", "be", "c"]),
        "money": st.sampled_from(["in", "out"]),
        "max_amount": st.just(Decimal(50)),
        "account_id": st.sampled_from([1, 2]),
    },
)


def rulebooks(ids: list[int]) -> st.SearchStrategy[list[Rule]]:
    """Some of these rules, in any order, with any terms."""
    some = st.lists(st.sampled_from(ids), unique=True)
    return some.flatmap(lambda chosen: st.tuples(*(_rules(id_) for id_ in chosen))).map(list)


def _rules(id_: int) -> st.SearchStrategy[Rule]:
    return st.builds(lambda slug, when: Rule(id_, slug, currency="USD", **when), SLUGS, CONDITIONS)


ORDERS = st.builds(
    lambda others, rule, place: [*others[:place], rule, *others[place:]],
    rulebooks([3, 4]),
    _rules(ONE),
    st.integers(0, 2),
)
"""The rule among others."""


def after(known: Known, rules: Rules) -> Known:
    """Return what is known once the categorizer has decided."""
    before = known.expense
    for posting in plan([known], PIPELINE, Taught(rules)):
        chosen = before.user_category if before else None
        before = Expense(7, posting.draft, PIPELINE_VERSION, posting.withdrawn, chosen)
    return known._replace(decided_version=known.version, expense=before)


def decided(known: Known) -> Decided:
    """Return it as link_api reads it."""
    row, expense = known.transaction, known.expense
    stands = expense is not None and not expense.withdrawn
    decision = expense.draft.decision if expense else None
    return Decided(
        row.id, 1, row.account_id, row.amount, row.iso_currency_code, None, row.name, row.merchant_name,
        category=decision.category if decision and stands else None,
        chosen=expense is not None and expense.user_category is not None,
        asks=bool(decision and stands and decision.needs_review),
        rule_id=decision.rule_id if decision else None,
    )  # fmt: skip


def shown(known: Known) -> tuple[Any, ...] | None:
    """Return what the user sees of it."""
    expense = known.expense
    if expense is None or expense.withdrawn:
        return None
    return (expense.user_category or expense.draft.decision.category, expense.draft.amount)


@given(TRANSACTIONS, rulebooks([3, 4, ONE]), ORDERS, st.none() | SLUGS)
@example(transaction(), [], [Rule(ONE, "transfer")], None)
@example(transaction(**plaid("TRANSFER_OUT", "SAVINGS")), [], [Rule(ONE, "meals")], None)
def test_what_is_foretold_is_what_the_categorizer_does(
    row: Transaction, then: list[Rule], order: list[Rule], choice: str | None
) -> None:
    """Whatever was decided by whatever rules, and whatever the user chose: applying a rule does as it was said."""
    before = after(Known(row, 1, 0, None, None), Rules(then))
    if choice is not None and before.expense is not None:
        before = after(before._replace(expense=replace(before.expense, user_category=choice)), Rules(then))
    [rule] = [one for one in order if one.id == ONE]
    candidate = Candidate(rule, Rules(order), NONEXPENSE)
    effect = candidate.effect(decided(before))
    done = after(before._replace(decided_version=0), Rules(order))
    now = decided(done)
    if effect == "changing":
        assert (now.category, now.asks) == (candidate.becomes, False)
        assert (now.category, now.asks) != (decided(before).category, decided(before).asks)
        assert now.rule_id == ONE or now.category is None
    elif effect == "same":
        assert (now.category, now.asks) == (decided(before).category, decided(before).asks)
    elif effect == "kept":
        assert shown(done) == shown(before)
    else:
        assert now.rule_id != ONE or now.chosen
        assert (effect == "released") == (decided(before).rule_id == ONE and not now.chosen)
    assert candidate.effect(now) in {None, "kept", "same"}


def row(id_: int, category: str | None = "meals", **different: Any) -> Decided:
    """Return a decided lunch."""
    stands = {"chosen": False, "asks": False, "rule_id": None} | different
    return Decided(id_, 1, 7, Decimal(5), "USD", None, "CHIPOTLE", None, category, **stands)


def test_an_outlook_counts_all_and_names_some() -> None:
    """Every effect is counted, however many there are; the first are named, with what they are."""
    rule = Rule(ONE, "travel", contains="chipotle")
    outlook = Outlook(Candidate(rule, Rules([rule]), NONEXPENSE), most=3)
    for one in (
        row(1), row(2, "travel"), row(3, None), row(4, chosen=True), row(5), row(6, "travel", asks=True), row(7)
    ):  # fmt: skip
        outlook.add(one)
    outlook.add(replace(row(8, rule_id=ONE), name="SHELL"))
    assert outlook.effects == {"changing": 5, "same": 1, "kept": 1, "released": 1}
    assert outlook.matched == 7
    assert outlook.changes == {"meals": 3, None: 1, "travel": 1}
    assert outlook.affected == [1, 3, 5]
    assert outlook.changing == [(1, "meals"), (3, None), (5, "meals")]


@given(st.lists(st.integers(1, 9), unique=True), st.integers(1, 9), st.integers(1, 300))
def test_placed(ids: list[int], one: int, position: int) -> None:
    """It stands at its position or last, once, and the others keep their order."""
    order = placed(ids, one, position)
    assert [id_ for id_ in order if id_ != one] == [id_ for id_ in ids if id_ != one]
    assert order.index(one) == min(position, len(order)) - 1
