from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.category_rules import Rule, Rules, plain


@dataclass(frozen=True)
class Row:
    """A transaction as a rule sees it."""

    account_id: int = 7
    amount: Decimal = Decimal("45.90")
    iso_currency_code: str | None = "USD"
    unofficial_currency_code: str | None = None
    name: str = "SHELL OIL 4411"
    merchant_name: str | None = "Shell"


ROW = Row()
FUEL = Rule(1, "fuel")
TEXTS = st.text(max_size=40)


def decides(rule: Rule, row: Row = ROW) -> bool:
    return Rules([rule]).first(row) is rule


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("shell", True),
        ("  Shell   OIL ", True),
        ("ELL", True),
        ("4411", True),
        ("shell 4411", False),
        ("oilshell", False),
        ("%", False),
        ("_", False),
        ("sh%ll", False),
        ("\\", False),
        (".*", False),
        ("'; DROP TABLE users; --", False),
    ],
)
def test_contains_is_taken_literally(text: str, within: bool) -> None:
    """Text within description or merchant, in any case and spacing; no sign in it means anything else."""
    assert decides(replace(FUEL, contains=text)) == within


@pytest.mark.parametrize("sign", ["%", "_", "\\", ".*", "'"])
def test_signs_are_found_where_they_stand(sign: str) -> None:
    """What means something to SQL or to a regular expression is found like any letter."""
    assert decides(replace(FUEL, contains=sign), Row(name=f"5{sign}5"))


@pytest.mark.parametrize(
    ("text", "is_one"), [("SHELL", True), ("shell oil  4411", True), ("shell oil", False), ("4411", False)]
)
def test_equals_means_all_of_one(text: str, is_one: bool) -> None:
    """The whole description or the whole merchant."""
    assert decides(replace(FUEL, equals=text)) == is_one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CAFÉ", "cafe"),
        ("Cafe\u0301", "CAFÉ"),
        ("ÅNGSTRÖM", "angstrom"),
        ("Straße", "STRASSE"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}\N{FULLWIDTH LATIN CAPITAL LETTER B}", "ab"),
        ("ﬁne", "FINE"),
        ("İstanbul", "istanbul"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("a\N{NO-BREAK SPACE}\tb\n", "A B"),
        ("ñandú", "NANDU"),
    ],
)
def test_case_accents_width_and_spaces_are_alike(one: str, other: str) -> None:
    """Two ways of writing the same words are one text."""
    assert plain(one) == plain(other)


def test_what_looks_alike_only_is_another_text() -> None:
    """Letters of different scripts stay different, and so do words of scripts whose vowels are signs of their own."""
    assert plain("\N{CYRILLIC SMALL LETTER A}") != plain("a")
    assert plain("की") != plain("का")


@given(TEXTS)
def test_plain_text_is_plain(text: str) -> None:
    """Comparing what is compared already changes nothing; case and spaces around never count."""
    assert plain(plain(text)) == plain(text)
    assert plain(f"  {text}\n") == plain(text)


@given(TEXTS, TEXTS, TEXTS)
def test_what_is_written_is_found(before: str, text: str, after: str) -> None:
    """A text is found in any that has it between spaces, unless nothing of it is left to look for."""
    row = Row(name=f"{before} {text} {after}", merchant_name=None)
    assert decides(replace(FUEL, contains=text), row) == bool(plain(text))
    assert decides(replace(FUEL, equals=text), Row(name="x", merchant_name=text)) == bool(plain(text))


@pytest.mark.parametrize("nothing", ["", " ", "\u0301", "\N{IDEOGRAPHIC SPACE}"])
def test_a_text_of_nothing_finds_nothing(nothing: str) -> None:
    """Above all not everything, also where a merchant is missing."""
    for row in (ROW, Row(name="", merchant_name=None)):
        assert not decides(replace(FUEL, contains=nothing), row)
        assert not decides(replace(FUEL, equals=nothing), row)


@pytest.mark.parametrize("amount", ["45.90", "-45.90"])
@pytest.mark.parametrize(
    ("low", "high", "within"),
    [
        ("45.90", None, True),
        (None, "45.90", True),
        ("45.9", "45.900", True),
        ("45.9000000001", None, False),
        (None, "45.8999999999", False),
        ("0", "1e27", True),
    ],
)
def test_amounts_are_sizes_and_exact(amount: str, low: str | None, high: str | None, within: bool) -> None:
    """Both ends belong to the range, to the last digit, whichever way the money went."""
    least, most = (None if end is None else Decimal(end) for end in (low, high))
    rule = replace(FUEL, min_amount=least, max_amount=most, currency="USD")
    assert decides(rule, Row(amount=Decimal(amount))) == within


@pytest.mark.parametrize(
    ("iso", "unofficial", "matches"),
    [("USD", None, True), ("CAD", None, False), (None, "USD", True), (None, "BTC", False), (None, None, False)],
)
def test_amounts_of_another_currency_are_not_compared(iso: str | None, unofficial: str | None, matches: bool) -> None:
    """A currency is the one that the bank named, and where it named none nothing is guessed."""
    row = Row(iso_currency_code=iso, unofficial_currency_code=unofficial)
    assert decides(replace(FUEL, min_amount=Decimal(1), currency="USD"), row) == matches


def test_account_and_direction() -> None:
    """A rule for one account means no other; money in is no money out."""
    assert decides(replace(FUEL, account_id=7))
    assert not decides(replace(FUEL, account_id=8))
    for rule, amount in ((replace(FUEL, money="out"), Decimal(1)), (replace(FUEL, money="in"), Decimal(-1))):
        assert decides(rule, Row(amount=amount))
        assert not decides(rule, Row(amount=-amount))


def test_all_conditions_must_hold() -> None:
    """One that does not is enough."""
    whole = Rule(1, "fuel", "shell", None, Decimal(40), Decimal(50), "USD", 7, "out")
    assert decides(whole)
    for other in (
        {"contains": "esso"},
        {"min_amount": Decimal(46)},
        {"max_amount": Decimal(45)},
        {"currency": "CAD"},
        {"account_id": 8},
        {"money": "in"},
        {"equals": "esso"},
    ):
        assert not decides(replace(whole, **other))


def test_the_first_decides() -> None:
    """Rules have an order, and none is asked after one that matches."""
    one, other = Rule(1, "fuel", contains="oil"), Rule(2, "meals", contains="shell")
    assert Rules([one, other]).first(ROW) is one
    assert Rules([other, one]).first(ROW) is other
    assert Rules([replace(one, account_id=8), other]).first(ROW) is other
    assert Rules().first(ROW) is None


def test_money_out_is_no_income() -> None:
    """A rule for what a customer pays does not hide what is paid to that customer."""
    rule = Rule(1, "income", contains="shell")
    assert decides(rule, Row(amount=Decimal(-5)))
    assert not decides(rule, Row(amount=Decimal(5)))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(1, "fuel", contains="Shell"), "text contains “Shell”"),
        (Rule(1, "fuel", equals="Shell", money="in", account_id=7), "text is “Shell”, money in, on this account"),
        (Rule(1, "fuel", min_amount=Decimal("10.00"), currency="USD"), "10.00 USD or more"),
        (Rule(1, "fuel", max_amount=Decimal("1E+3"), currency="USD"), "up to 1000 USD"),
        (Rule(1, "fuel", min_amount=Decimal(1), max_amount=Decimal(2), currency="BTC"), "1 to 2 BTC"),
        (Rule(1, "fuel", currency="EUR"), "in EUR"),
    ],
)
def test_words(rule: Rule, words: str) -> None:
    """Every condition is told, as its user wrote it."""
    assert rule.words == words
