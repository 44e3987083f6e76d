"""The tables that bank lines are read by hold what their README promises a reviewer."""

import re
from collections import Counter
from collections.abc import Iterable

import pytest

from categorizer import data
from categorizer.data import text_tables
from categorizer.domain.text.lexicon import glue

SLUGS = set(data.catalogue().categories)
KEYS = {
    "names.csv": ("name",),
    "words.csv": ("name", "category"),
    "phrases.csv": ("name", "direction"),
    "processors.csv": ("prefix",),
    "usual.csv": ("category",),
    "neighbours.csv": ("category",),
}
"""What a row is found by: no two rows of a table have it in common."""
IN_CAPITALS = re.compile(r"[A-Z0-9&*'./ -]+")


def key(row: text_tables.Row, columns: Iterable[str]) -> tuple[str, ...]:
    """Return what a row is found by, names as they are looked up."""
    return tuple(glue(row[column])[0] if column == "name" else row[column] for column in columns)


@pytest.mark.parametrize("table", KEYS)
def test_rows_are_unique_and_of_our_categories(table: str) -> None:
    """A name stands in a table once, however it is spelled, and means a category that exists."""
    rows = text_tables.rows(table)
    assert [found for found, times in Counter(key(row, KEYS[table]) for row in rows).items() if times > 1] == []
    assert {row["category"] for row in rows} <= SLUGS | {""}
    assert all(None not in row and None not in row.values() for row in rows)  # a comma too many, or too few


@pytest.mark.parametrize("table", ["names.csv", "words.csv", "phrases.csv", "processors.csv"])
def test_rows_are_sorted(table: str) -> None:
    """A reviewer finds a row where it belongs, and two people's additions seldom meet."""
    first = "prefix" if table == "processors.csv" else "name"
    names = [row[first] for row in text_tables.rows(table)]
    assert names == sorted(names)
    assert [name for name in names if not IN_CAPITALS.fullmatch(name) or name != name.strip()] == []


@pytest.mark.parametrize("table", ["till.txt", "places.txt"])
def test_lists_are_sorted_and_unique(table: str) -> None:
    """The plain lists too."""
    lines = text_tables.lines(table)
    assert lines == sorted(set(lines))


def test_values_are_within_their_bounds() -> None:
    """Each column holds one of its words, or a number that can be what it says."""
    assert {row["sure"] for row in text_tables.rows("names.csv")} == {"yes", "mixed", "weak"}
    phrases = text_tables.rows("phrases.csv")
    assert {(row["sure"], row["direction"]) for row in phrases} == {
        (sure, direction) for sure in ("yes", "mixed") for direction in ("in", "out", "both")
    }
    told = [row for row in text_tables.rows("processors.csv") if row["category"]]
    assert all(0 < float(row["precision"]) < 1 for row in (*text_tables.rows("words.csv"), *told))
    assert all(bool(row["category"]) == bool(row["precision"]) for row in text_tables.rows("processors.csv"))


def test_a_name_is_a_merchant_or_a_word() -> None:
    """What stands in two tables would be decided by chance."""
    names = {key(row, ["name"]) for row in text_tables.rows("names.csv")}
    assert sorted(names & {key(row, ["name"]) for row in text_tables.rows("words.csv")}) == []


def test_a_phrase_of_both_directions_has_no_other() -> None:
    """In, out, or both: never a direction twice."""
    found: dict[str, list[str]] = {}
    for row in text_tables.rows("phrases.csv"):
        found.setdefault(glue(row["name"])[0], []).append(row["direction"])
    assert [name for name, directions in found.items() if "both" in directions and len(directions) > 1] == []


def test_usual_amounts_cover_every_category() -> None:
    """Every category has a share, they make about a whole, and its neighbours exist and are others."""
    usual = text_tables.rows("usual.csv")
    assert {row["category"] for row in usual} == SLUGS
    assert sum(float(row["share"]) for row in usual) == pytest.approx(1, abs=0.15)
    for row in text_tables.rows("neighbours.csv"):
        assert set(row["neighbours"].split("|")) <= SLUGS - {row["category"]}


def test_the_tables_hold_what_the_documentation_claims() -> None:
    """There are more than five thousand merchants, and every category of expense has names or words."""
    assert len(text_tables.rows("names.csv")) > 5_000
    expenses = {slug for slug, category in data.catalogue().categories.items() if category.kind != "nonexpense"}
    named = {row["category"] for table in ("names.csv", "words.csv") for row in text_tables.rows(table)}
    assert expenses - {"other"} <= named


def test_the_model_is_made_of_the_tables_alone() -> None:
    """The same tables give the same model, by the letter: nothing else, and no chance, goes into it."""
    one, other = text_tables.judge().scorer.model, text_tables.judge.__wrapped__().scorer.model
    assert one is not other
    assert vars(one)["pieces"] == vars(other)["pieces"]
    assert vars(one)["version"] == vars(other)["version"] != ""
