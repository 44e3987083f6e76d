"""What must not change an answer, and what must not break it."""

import random
from decimal import Decimal

import pytest

from categorizer.domain.catalogue import OTHER
from categorizer.domain.decision import Decision
from categorizer.domain.pipeline import Pipeline
from categorizer.domain.transaction import Transaction
from tests.categorizer.domain.test_pipeline import NOTHING, named
from tests.categorizer.domain.transactions import plaid, transaction

LINES = (
    ("HOME DEPOT", "materials"),
    ("CHEVRON", "fuel"),
    ("DELTA AIR LINES", "travel"),
    ("STAPLES", "office_supplies"),
    ("GITHUB INC", "software"),
    ("KO SUSHI", "meals"),
    ("PACIFIC GAS AND ELECTRIC", "utilities"),
    ("SHERWIN WILLIAMS", "materials"),
    ("UNITED RENTALS", "equipment_rental"),
    ("STATE FARM INSURANCE", "insurance"),
)
CODES = (NOTHING, plaid("GENERAL_MERCHANDISE", "OTHER_GENERAL_MERCHANDISE"), plaid("OTHER", "OTHER", "LOW"))
CHANGES = {
    "store number": "{} #04521",
    "bare number": "{} 8823",
    "town and state": "{} PORTLAND OR",
    "card words": "POS DEBIT {}",
    "card and date": "CHECKCARD 0412 {}",
    "punctuation": "{}.",
    "blanks": "  {}   ",
}


def answer(decision: Decision) -> tuple[str, bool]:
    return decision.category, decision.needs_review


@pytest.mark.parametrize("code", CODES, ids=["no code", "vague", "unknown"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(("name", "category"), LINES, ids=[name for name, _ in LINES])
def test_trimmings(pipeline: Pipeline, name: str, category: str, change: str, code: dict[str, str]) -> None:
    """Store numbers, towns, words of cards, dates and punctuation around a merchant change nothing."""
    assert answer(pipeline.categorize(named(change.format(name), **code))) == (category, False)


@pytest.mark.parametrize(("name", "category"), LINES, ids=[name for name, _ in LINES])
def test_case_and_amount(pipeline: Pipeline, name: str, category: str) -> None:
    """Neither do capitals, nor some cents, nor that the merchant gave it back."""
    for line in (name.lower(), name.title()):
        assert answer(pipeline.categorize(named(line))) == (category, False)
    known = () if name == "KO SUSHI" else ("-12.30",)  # a word of a trade may stand in a customer's name as well
    for amount in ("12.30", "12.31", "12.05", *known):
        assert answer(pipeline.categorize(named(name, amount=Decimal(amount)))) == (category, False)


def test_what_says_nothing_about_the_category(pipeline: Pipeline) -> None:
    """Day, currency, account, channel and id do not move it."""
    before = pipeline.categorize(transaction())
    different = transaction(
        id=99, iso_currency_code=None, unofficial_currency_code="BTC", payment_channel="other", authorized_date=None
    )
    assert pipeline.categorize(different) == before


HOSTILE = (
    "", " ", "\0", "*", "***", "#", "''", '"', "A", "\u202eTOPED EMOH", "🍣" * 50, "日本語の店", "\uff21\uff50\uff50",
    "é" * 500,
    "X" * 500, "SUSHI " * 100, "A " * 5000, "1" * 500, "-" * 500, "%s%n{0}{name}", "'; DROP TABLE expenses; --",
    "<script>alert(1)</script>", "\ud800", "\n\r\t", "A\u0301" * 300, "(" * 300, "=CMD|' /C calc'!A0", "/" * 2000,
)  # fmt: skip


@pytest.mark.parametrize("amount", ["5", "-5", "0", "0.00000001", "99999999999999999999", "1E+400", "-1E+400"])
def test_hostile_names(pipeline: Pipeline, amount: str) -> None:
    """Whatever a bank may send, it gets an answer; what is no text decides nothing."""
    for name in HOSTILE:
        row = named(name, amount=Decimal(amount), merchant_name=name or None, original_description=name)
        decision = pipeline.categorize(row)
        assert decision.category in pipeline.catalogue.categories
        assert decision.reason
        assert 0 <= decision.confidence <= 1


def test_hostile_names_never_post(pipeline: Pipeline) -> None:
    """Money out under a text that says nothing is asked about."""
    for name in ("", "\0", "***", "日本語の店", "🍣" * 50, "1" * 500, "(" * 300, "X" * 500):
        assert pipeline.categorize(named(name)).category == OTHER


def test_long_names_take_no_longer(pipeline: Pipeline) -> None:
    """What is beyond two lines is not read: a name of a megabyte is decided as its beginning is."""
    short, long = named("KO SUSHI " + "X" * 200), named("KO SUSHI " + "X" * 1_000_000)
    assert answer(pipeline.categorize(long)) == answer(pipeline.categorize(short))


def test_any_letters(pipeline: Pipeline) -> None:
    """Thousands of lines of chance letters are answered, and the same one always the same."""
    chance = random.Random(7)  # noqa: S311 - reproducible
    alphabet = "ABC XYZ *#-/.'&0123456789éß日\u200b\u0301 "
    for _ in range(2000):
        row: Transaction = named("".join(chance.choice(alphabet) for _ in range(chance.randrange(60))))
        assert pipeline.categorize(row) == pipeline.categorize(row._replace())
