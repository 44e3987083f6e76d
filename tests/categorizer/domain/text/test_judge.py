"""What must not change an answer, and what must not be able to do harm: laws of reading a bank's line."""

import sys
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from categorizer.data import text_tables
from categorizer.domain.text.evidence import Opinion
from categorizer.domain.text.judge import Judge
from categorizer.domain.text.lexicon import glue

BAR = 0.86
SPENT = Decimal("42.17")
LINES = (
    ("HOME DEPOT", "materials"),
    ("MARATHON PETRO", "fuel"),
    ("OREILLY AUTO", "vehicle"),
    ("CAPITAL ONE CREDIT CARD", "debt_payment"),
    ("LIQUOR STORE", "groceries"),
    ("MARIOS TAQUERIA", "meals"),
    ("LINCOLN PLUMBING SUPPLY", "materials"),
    ("GEICO", "insurance"),
    ("ADOBE CREATIVE CLOUD", "software"),
    ("COMFORT INN", "travel"),
    ("FIVE STAR FAMILY DENTAL", "health"),
    ("ONTARIO HYDRO", "utilities"),
    ("SAFETY SUPPLY CO", "tools_equipment"),
    ("UNITED RENTALS", "equipment_rental"),
)
NOISE: dict[str, Callable[[str], str]] = {
    "store": "{} #1234".format,
    "store of five digits": "{} 04512".format,
    "store in words": "{} STORE 512".format,
    "town and state": "{} COLUMBUS OH".format,
    "town and province": "{} TORONTO ON".format,
    "state": "{} TX".format,
    "telephone": "{} 800-555-1234 CA".format,
    "date": "{} 05/12".format,
    "card": "CHECKCARD 0512 {}".format,
    "till": "POS DEBIT PURCHASE {}".format,
    "mask": "{} XXXXXXXXXXXX1234".format,
    "lower case": str.lower,
    "title": str.title,
    "spaces": lambda name: f"  {name.replace(' ', '   ')}\t",
    "comma": "{},".format,
    "and": lambda name: name.replace(" & ", " AND "),
}
PROCESSORS = ("SQ *", "TST* ", "PAYPAL *", "PAYPAL *TST* ", "SQ *PAYPAL *", "SP * ", "GOOGLE *SQ *")


def opinion(judge: Judge, line: str, amount: Decimal = SPENT) -> Opinion:
    return judge.judge(judge.read(line), amount)


def decides(found: Opinion) -> bool:
    """Whether it would post by itself."""
    return found.confidence >= BAR and not found.mixed


@pytest.mark.parametrize(("line", "category"), LINES)
def test_noise_says_nothing(judge: Judge, line: str, category: str) -> None:
    """Store, town, card, date, case, punctuation and spacing change neither the category nor the merchant's key."""
    plain = judge.read(line)
    assert opinion(judge, line).category == category
    for noise in NOISE.values():
        read = judge.read(noise(line))
        assert judge.judge(read, SPENT).category == category, noise(line)
        assert read.key == plain.key, noise(line)


@pytest.mark.parametrize(("line", "category"), LINES)
def test_a_processor_flips_nothing(judge: Judge, line: str, category: str) -> None:
    """Whoever takes the payment, however many of them: a decided merchant may be doubted, not turned round.

    A trade's word may, since bars like to be called THE PHARMACY: Toast's customers are restaurants.
    """
    named = opinion(judge, line).source == "merchant"
    for prefix in PROCESSORS:
        assert judge.read(prefix + line).key == judge.read(line).key
        assert opinion(judge, prefix + line).category in (
            {category} if named or "TST" not in prefix else {category, "meals"}
        )


@pytest.mark.parametrize(
    "line", ["HOMEDEPOT", "HOME DEPOT", "T J MAXX", "TJMAXX", "T.J. MAXX", "O'REILLY AUTO", "O REILLY AUTO"]
)
def test_banks_part_words_as_they_please(judge: Judge, line: str) -> None:
    """A merchant's name is known however its words are joined, parted and dotted."""
    assert opinion(judge, line).source == "merchant"


def test_prefixes_are_peeled_one_by_one(judge: Judge) -> None:
    """`PAYPAL *TST* SUSHI STUDIO` is Toast's customer SUSHI STUDIO, and a restaurant."""
    line = judge.read("PAYPAL *TST* SUSHI STUDIO")
    assert (line.words, line.prefix) == (("SUSHI", "STUDIO"), ("PAYPAL", "TST"))
    assert judge.judge(line, SPENT).category == "meals"


NAMES = [row["name"] for row in text_tables.rows("names.csv")]
SAID_BY_BANKS = {"TRANSFER FLOW", "AT YOUR PACE ONLINE", "N GLANTZ & SON", "S&ME", "S&S ACTIVEWEAR", "S&WB NEW ORLEANS"}
"""Names that begin as a bank's own words go on: `PAYPAL TRANSFER`, `PURCHASE AT`, `MCDONALD S`."""


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(sorted(NOISE)), st.integers(98, 102))
def test_noise_decides_nothing(judge: Judge, name: str, noise: str, percent: int) -> None:
    """No name of the lexicon that decides is turned round by what says nothing, 2 % of the amount included."""
    found = opinion(judge, name)
    if decides(found) and name not in SAID_BY_BANKS:
        noisy = opinion(judge, NOISE[noise](name), SPENT * percent / 100)
        assert (noisy.category, noisy.mixed) == (found.category, False)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(PROCESSORS[:5]))
def test_no_merchant_is_flipped(judge: Judge, name: str, prefix: str) -> None:
    """No merchant of the lexicon that decides is turned round by a processor's prefix."""
    found = opinion(judge, name)
    if decides(found) and found.source == "merchant" and name not in SAID_BY_BANKS:
        assert opinion(judge, prefix + name).category == found.category


def test_every_name_is_reachable(judge: Judge) -> None:
    """Every merchant and every word, read as a line, is found: no row of the tables is there in vain."""
    lost = []
    for row in (*text_tables.rows("names.csv"), *text_tables.rows("words.csv")):
        reading = judge.scorer.reader.read(judge.read(row["name"]), money_in=False, money_out=True)
        key = glue(row["name"])[0]
        lost += [] if key in {glue(match.entry.name)[0] for match in reading.found} else [row["name"]]
    assert lost == []


def test_every_sure_phrase_is_heard(judge: Judge) -> None:
    """Every sure phrase of money movement, said of money in its direction, counts, and says its category."""
    for row in text_tables.rows("phrases.csv"):
        if row["sure"] == "yes":
            amount = -SPENT if row["direction"] == "in" else SPENT
            found = opinion(judge, row["name"], amount)
            assert found.source == "phrase", row["name"]
            turned = {"transfer"} if amount < 0 and row["category"] == "debt_payment" else {row["category"]}
            assert found.category in turned or len(found.because) > 1, row["name"]


@pytest.mark.parametrize(
    ("line", "money_in", "money_out"),
    [
        ("PAYROLL", "income", "payroll"),
        ("DIRECT DEPOSIT", "income", None),
        ("ONLINE TRANSFER TO SAV", "transfer", "transfer"),
        ("OVERDRAFT FEE", None, "bank_fees"),
        ("INTEREST PAID", "income", None),
    ],
)
def test_direction_counts(judge: Judge, line: str, money_in: str | None, money_out: str | None) -> None:
    """The same words mean one thing of money that comes in and another of money that goes out."""
    if money_in:
        assert opinion(judge, line, -SPENT).category == money_in
    if money_out:
        assert opinion(judge, line, SPENT).category == money_out


HOSTILE = (
    "", " ", "\x00\x01\x7f", "*", "SQ *", "PAYPAL *", "SQ *" * 100, "#" * 500, "9" * 500, "XXXX XXXX",
    "\U0001f355\U0001f355 \U0001f1e8\U0001f1e6", "\u202eTOPED EMOH", "\u05de\u05e1\u05e2\u05d3\u05d4",
    "\u0130stanbul \u00df\ufb01",
    "e\u0301" * 250, "\uff05\uff05\uff05", "'; DROP TABLE expenses; --", "<script>alert(1)</script>", "${jndi:ldap://x}",
    "../../etc/passwd", "\ud800", "A" * 500, "A B " * 125, "\n\r\t", "-" * 500, "INDN:" * 100, "1/" * 250, "A." * 250,
)  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_hostile_decides(judge: Judge, line: str) -> None:
    """Whatever a line holds it is read, has a key that can be stored, and posts nothing by itself."""
    for amount in (SPENT, -SPENT, Decimal(0), Decimal("1e30")):
        found = opinion(judge, line, amount)
        assert 0 < found.confidence < 1
        assert not decides(found) or found.category == "income"
    judge.read(line).key.encode("ascii")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500), st.decimals(-10_000, 10_000, places=2))
def test_every_text_is_read(judge: Judge, text: str, amount: Decimal) -> None:
    """Any text gives an opinion of distinct categories, best first, that add up to no more than certainty."""
    found = opinion(judge, text, amount)
    categories, chances = zip(*found.ranking, strict=True)
    assert len(set(categories)) == len(categories)
    assert list(chances) == sorted(chances, reverse=True)
    assert 0 < sum(chances) < 1
    assert categories[0] in judge.suggestions(found.ranking)
    assert judge.read(text) == judge.read(text)


@pytest.mark.parametrize("part", ["A", "A ", "SUSHI ", "SQ *", "ZZZZ", "1/2 ", "A.", "INDN: ", "HOME DEPOT ", "\u00e9"])
def test_work_is_bounded(judge: Judge, part: str) -> None:
    """A line of any length is read in so many steps and no more: counted calls, ten times the line for at most ten."""
    short, long = steps(judge, part * (160 // len(part))), steps(judge, part * (1600 // len(part)))
    assert long <= 2 * short + 200


def steps(judge: Judge, line: str) -> int:
    """Return how many functions are called for a line."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        opinion(judge, line)
    finally:
        sys.setprofile(before)
    return calls
