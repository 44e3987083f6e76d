import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from categorizer.domain.catalogue import INCOME, OTHER
from categorizer.domain.pipeline import Pipeline


def taxonomy() -> Iterator[tuple[str, str, str]]:
    """Yield (version, primary, detailed) of Plaid's own list of categories."""
    with Path(__file__).with_name("taxonomy.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield row["version"], row["primary"], row["detailed"]


def test_taxonomy_is_mapped(pipeline: Pipeline) -> None:
    """Every (version, detailed) of Plaid's taxonomy means one of our categories, found by its own code."""
    codes = {(version, detailed) for version, _, detailed in taxonomy()}
    assert len(codes) == 232
    assert codes == set(pipeline.catalogue._by_code)
    for version, primary, detailed in taxonomy():
        meaning = pipeline.catalogue.meaning(version, primary, detailed)
        assert meaning is not None
        assert meaning.category in pipeline.catalogue.categories
        assert set(meaning.suggestions) <= set(pipeline.catalogue.categories) - {OTHER}


def test_other_says_nothing(pipeline: Pipeline) -> None:
    """A code that means `other` never decides, so that nothing is posted to `other` without asking."""
    for version, primary, detailed in taxonomy():
        meaning = pipeline.catalogue.meaning(version, primary, detailed)
        assert meaning is not None
        assert not (meaning.category == OTHER and meaning.decisive)


@pytest.mark.parametrize("version", [None, "v3", "v1"])
def test_version_unknown(pipeline: Pipeline, version: str | None) -> None:
    """A code that we know means the same under a version that we do not know."""
    known = pipeline.catalogue.meaning("v2", "INCOME", "INCOME_SALARY")
    assert known is not None
    assert known.category == INCOME
    assert pipeline.catalogue.meaning(version, "INCOME", "INCOME_SALARY") == known


def test_detailed_unknown(pipeline: Pipeline) -> None:
    """A code that is newer than we are is read by its primary and does not decide; an unknown primary says nothing."""
    meaning = pipeline.catalogue.meaning("v2", "FOOD_AND_DRINK", "FOOD_AND_DRINK_ALGAE")
    assert meaning is not None
    assert not meaning.decisive
    assert meaning.category == "meals"
    assert meaning.suggestions == ("meals", "groceries")
    assert pipeline.catalogue.meaning("v2", "SPACE", "SPACE_LAUNCH") is None
    assert pipeline.catalogue.meaning(None, None, None) is None


def test_kinds(pipeline: Pipeline) -> None:
    """Income, transfers and debt are no expenses; personal spending is one, and so is a category we do not know yet."""
    catalogue = pipeline.catalogue
    assert {slug for slug in catalogue.categories if not catalogue.is_expense(slug)} == {
        "income",
        "transfer",
        "debt_payment",
    }
    assert catalogue.is_expense("groceries")
    assert catalogue.is_expense("space_travel")
    assert catalogue.name("space_travel") == "space_travel"
