import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from categorizer.domain.pipeline import Pipeline
from categorizer.domain.transaction import Account, Transaction
from categorizer.domain.transfers import MOST_DAYS, MOVEMENTS, Half, Look, look, may_be_half, pairs, plausible
from tests.categorizer.domain.transactions import plaid, transaction

NOTHING = {"pfc_primary": None, "pfc_detailed": None, "pfc_confidence": None, "merchant_name": None}
LOOKS = {
    # Clearly something else, by Plaid or by text, whatever the other of the two says.
    ("CHIPOTLE 1234", "12", "FOOD_AND_DRINK_FAST_FOOD", "VERY_HIGH"): Look.OTHER,
    ("ONLINE TRANSFER TO SAV", "12", "FOOD_AND_DRINK_FAST_FOOD", "MEDIUM"): Look.OTHER,
    ("HOME DEPOT 4411", "50", None, None): Look.OTHER,
    ("HOME DEPOT 4411", "50", "TRANSFER_OUT_ACCOUNT_TRANSFER", "VERY_HIGH"): Look.OTHER,
    ("HOME DEPOT 4411", "-50", None, None): Look.OTHER,
    ("PAYROLL ACME", "-900", None, None): Look.OTHER,
    ("XJKQ 88", "-900", "INCOME_WAGES", "HIGH"): Look.OTHER,
    ("XJKQ 88", "35", "BANK_FEES_OVERDRAFT_FEES", "HIGH"): Look.OTHER,
    # Nothing to go by, or Plaid in doubt about another thing.
    ("XJKQ 88", "50", None, None): Look.UNCLEAR,
    ("XJKQ 88", "50", "GENERAL_MERCHANDISE_OTHER_GENERAL_MERCHANDISE", "LOW"): Look.UNCLEAR,
    ("CHECK 1023", "500", None, None): Look.UNCLEAR,
    # Money moved, but nobody says that it was between own accounts.
    ("XJKQ 88", "500", "TRANSFER_OUT_OTHER_TRANSFER_OUT", "LOW"): Look.MOVEMENT,
    ("ZELLE FROM JOHN SMITH", "-50", "TRANSFER_IN_ACCOUNT_TRANSFER", "HIGH"): Look.MOVEMENT,
    ("VENMO CASHOUT", "-50", "TRANSFER_IN_TRANSFER_IN_FROM_APPS", "HIGH"): Look.MOVEMENT,
    ("XJKQ 88", "-200", "TRANSFER_IN_DEPOSIT", "VERY_HIGH"): Look.MOVEMENT,
    ("MOBILE DEPOSIT", "-200", None, None): Look.MOVEMENT,
    # Money moved between own accounts, or paid a debt.
    ("Online Transfer from ...0000", "-500", None, None): Look.OWN,
    ("XJKQ 88", "-500", "TRANSFER_IN_ACCOUNT_TRANSFER", "VERY_HIGH"): Look.OWN,
    ("XJKQ 88", "-320", "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT", "HIGH"): Look.OWN,
    ("PAYMENT THANK YOU", "-320", None, None): Look.OWN,
}


def primary_of(detailed: str) -> str:
    """Return the primary of one of Plaid's detailed categories."""
    with Path(__file__).with_name("taxonomy.csv").open() as taxonomy:
        return next(row["primary"] for row in csv.DictReader(taxonomy) if row["detailed"] == detailed)


def seen(pipeline: Pipeline, row: Transaction, *, spent: bool = False) -> Look:
    line = pipeline.judge.read(row.name)
    return look(row, line, pipeline.judge.judge(line, row.amount), spent=spent)


@pytest.mark.parametrize(("line", "expected"), LOOKS.items(), ids=str)
def test_looks(pipeline: Pipeline, line: tuple[str, str, str | None, str | None], expected: Look) -> None:
    """What a half looks like, by its words and by Plaid; of who clearly is something else it is never a movement."""
    name, amount, detailed, confidence = line
    category = {
        "pfc_primary": detailed and primary_of(detailed),
        "pfc_detailed": detailed,
        "pfc_confidence": confidence,
        "merchant_name": None,
    }
    row = transaction(name=name, amount=Decimal(amount), **category)
    assert seen(pipeline, row) is expected
    assert seen(pipeline, row, spent=True) is Look.OTHER


def test_every_category_that_is_no_movement_rules_it_out(pipeline: Pipeline) -> None:
    """No category of Plaid's but transfers and loans lets a row be half of a transfer once Plaid is fairly sure."""
    with Path(__file__).with_name("taxonomy.csv").open() as taxonomy:
        for row in csv.DictReader(taxonomy):
            category = {"pfc_primary": row["primary"], "pfc_detailed": row["detailed"]}
            for confidence in ("VERY_HIGH", "HIGH", "MEDIUM"):
                one = transaction(name="Online Transfer from ...0000", pfc_confidence=confidence, **category)
                assert may_be_half(one) == (row["primary"] in MOVEMENTS)
                assert (seen(pipeline, one) is Look.OTHER) == (row["primary"] not in MOVEMENTS)


@pytest.mark.parametrize("different", [
    {"pending": True}, {"removed": True}, {"superseded": True}, {"amount": Decimal(0)}, {"iso_currency_code": None},
])  # fmt: skip
def test_who_is_no_half(different: dict[str, object]) -> None:
    """What is pending, gone, superseded, nothing, or of an unknown currency is half of nothing."""
    moved = plaid("TRANSFER_IN", "ACCOUNT_TRANSFER")
    assert may_be_half(transaction(**moved))
    assert may_be_half(transaction(**moved | {"iso_currency_code": None, "unofficial_currency_code": "BTC"}))
    assert not may_be_half(transaction(**moved | different))
    muted = transaction().account._replace(enabled=False)
    assert not may_be_half(transaction(**moved | {"account": muted}))


def test_what_hides_an_expense_needs_most() -> None:
    """What is something else is never paired, and unclear money out only with money in from an own account."""
    half = {one: Half("k", transaction(), one) for one in Look}
    allowed = {(out, into) for out in Look for into in Look if plausible(half[out], half[into])}
    moved = {Look.MOVEMENT, Look.OWN}
    assert allowed == {(out, into) for out in moved for into in (*moved, Look.UNCLEAR)} | {(Look.UNCLEAR, Look.OWN)}


def a_half(number: int, account: int, amount: int, day: int, seems: Look) -> Half:
    """Return a half; ids are dealt anew for each arrival, keys are Plaid's."""
    held = Account(account, "depository", "checking", None, enabled=True)
    row = transaction(account=held, amount=Decimal(amount), date=date(2026, 3, 1) + timedelta(day), id=number)
    return Half(f"key-{number * 7919 % 101:03}", row, seems)


FACTS = st.tuples(st.integers(1, 3), st.sampled_from([-50, 50, -60, 60]), st.integers(0, 12), st.sampled_from(Look))
HALVES = st.lists(FACTS, max_size=14).map(lambda rows: [a_half(n, *row) for n, row in enumerate(rows)])


def by_brute_force(halves: Iterable[Half]) -> dict[str, str]:
    """Return the pairs as the law says it: again and again the best of all that may be, until there is none."""
    free, made = list(halves), dict[str, str]()
    while True:
        best = None
        for out in free:
            for into in free:
                a, b = out.transaction, into.transaction
                days = abs((a.date - b.date).days)
                if a.amount <= 0 or a.amount != -b.amount or a.account_id == b.account_id or days > MOST_DAYS:
                    continue
                if not plausible(out, into):
                    continue
                order = (Look.UNCLEAR in {out.look, into.look}, days, out.key, into.key)
                if best is None or order < best[0]:
                    best = (order, out, into)
        if best is None:
            return made
        _, out, into = best
        made |= {out.key: into.key, into.key: out.key}
        free = [one for one in free if one not in (out, into)]


@given(HALVES, st.randoms(use_true_random=False))
def test_pairs_are_those_of_the_law(halves: list[Half], chance: Random) -> None:
    """The pairs are those of a brute-force model, for every order and for ids dealt in any order; both ends agree."""
    keys = {half.transaction.id: half.key for half in halves}
    found = {keys[id_]: keys[other.id] for id_, other in pairs(halves).items()}
    assert found == by_brute_force(halves)
    assert all(found[other] == one for one, other in found.items())
    dealt = [replace(half, transaction=half.transaction._replace(id=n)) for n, half in
             enumerate(chance.sample(halves, len(halves)))]  # fmt: skip
    names = {half.transaction.id: half.key for half in dealt}
    assert {names[id_]: names[other.id] for id_, other in pairs(dealt).items()} == found


@given(HALVES)
def test_who_stays_alone_has_no_influence(halves: list[Half]) -> None:
    """Without one that is not paired the pairs are the same: whoever is freed or comes concerns only its own."""
    found = pairs(halves)
    for one in halves:
        if one.transaction.id not in found:
            assert pairs([half for half in halves if half is not one]) == found


def test_as_many_as_there_are() -> None:
    """Identical amounts of one day pair one to one; what is left over stays alone."""
    outs = [a_half(n, 1, 50, 0, Look.MOVEMENT) for n in range(3)]
    ins = [a_half(n, 2, -50, 0, Look.MOVEMENT) for n in range(10, 12)]
    found = pairs([*outs, *ins])
    assert len(found) == 4
    assert sum(half.transaction.id in found for half in outs) == 2
