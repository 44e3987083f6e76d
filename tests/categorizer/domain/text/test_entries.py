import math

import pytest

from categorizer.domain.text import entries
from categorizer.domain.text.entries import Entry, Kind, log_odds


@pytest.mark.parametrize("precision", [0.3, 0.5, 0.93, 0.985])
@pytest.mark.parametrize("share", [0.004, 0.05, 0.2])
def test_alone_a_name_is_as_right_as_its_table_says(precision: float, share: float) -> None:
    """Its evidence on top of the category's share gives just the precision that was written down."""
    odds = math.exp(math.log(share / (1 - share)) + log_odds(precision, share))
    assert odds / (1 + odds) == pytest.approx(precision)


def test_kinds() -> None:
    """A sure name is a merchant, a mixed one suggests, a weak one is a word, and words are sure from .85 on."""
    rows = [{"name": "A", "category": "fuel", "sure": sure} for sure in ("yes", "mixed", "weak")]
    found = list(entries.merchants(rows, {"fuel": 0.1}))
    assert [(one.kind, one.sure) for one in found] == [(Kind.MERCHANT, True), (Kind.MIXED, False), (Kind.WORD, False)]
    told = [{"name": "A", "category": "fuel", "precision": precision} for precision in ("0.5", "0.93")]
    assert [one.sure for one in entries.words(told, {"fuel": 0.1})] == [False, True]


def test_phrases_are_said_of_one_direction_or_of_both() -> None:
    """Of money in only what is said of it counts."""
    rows = [
        {"name": name, "category": "fuel", "direction": name, "sure": sure}
        for name, sure in (("in", "yes"), ("out", "yes"), ("both", "mixed"))
    ]
    assert [one.name for one in entries.phrases(rows, {"fuel": 0.1}, "in")] == ["in", "both"]
    assert [one.kind for one in entries.phrases(rows, {"fuel": 0.1}, "out")] == [Kind.MERCHANT, Kind.MIXED]


def test_joined() -> None:
    """Two entries of a word make one that knows the stronger of each reading."""
    one = Entry("A", Kind.WORD, (("fuel", 2.0), ("rent", 1.0)))
    other = Entry("A", Kind.WORD, (("rent", 3.0),))
    assert one.joined(other) == Entry("A", Kind.WORD, (("rent", 3.0), ("fuel", 2.0)), sure=False)
