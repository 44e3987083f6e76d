from decimal import Decimal
from pathlib import Path

import pytest

from categorizer.domain.decision import Decision
from categorizer.domain.pipeline import Pipeline
from categorizer.evaluation.answers import Answer, of_decision
from categorizer.evaluation.table import Row, read
from categorizer.evaluation.totals import by_slice, calibration_error, macro_f1, reliability, share, totals


@pytest.fixture(scope="module")
def row(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Row:
    """A row whose label is meals, and which may be groceries too."""
    path: Path = tmp_path_factory.mktemp("rows") / "one.csv"
    path.write_text("name,category,also_ok\nX,meals,groceries\n")
    (found,) = read(path, pipeline.catalogue.categories)
    assert isinstance(found, Row)
    return found


def said(row: Row, pipeline: Pipeline, category: str, confidence: str = "0.95", *, asks: bool = False) -> Answer:
    """Return an answer of this category."""
    if asks:
        alternatives = (category, "travel", "fuel")
        decision = Decision("other", Decimal(confidence), "x", "", needs_review=True, alternatives=alternatives)
    else:
        decision = Decision(category, Decimal(confidence), "x", "", alternatives=("travel", "fuel"))
    return of_decision(row, decision, pipeline)


def test_share() -> None:
    """A share has Wilson's interval: 9 of 10 lies between .596 and .982; of nothing it may be anything."""
    one = share([True] * 9 + [False])
    assert (one.value, round(one.low, 3), round(one.high, 3), one.of) == (0.9, 0.596, 0.982, 10)
    assert share([]) == (0.0, 0.0, 1.0, 0)
    assert share([True] * 5).high == 1.0


def test_four_numbers(row: Row, pipeline: Pipeline) -> None:
    """Right counts the best guess, also where it asks; auto only what nobody is asked about; expense its kind alone."""
    answers = [
        said(row, pipeline, "meals"),
        said(row, pipeline, "groceries"),
        said(row, pipeline, "software"),
        said(row, pipeline, "transfer"),
        said(row, pipeline, "meals", "0.30", asks=True),
        said(row, pipeline, "software", "0.30", asks=True),
    ]
    one = totals(answers)
    assert (one.right.value, one.coverage.value, one.top3.value) == (3 / 6, 4 / 6, 3 / 6)
    assert (one.auto_right.value, one.auto_expense_right.value) == (2 / 4, 3 / 4)


def test_macro_f1(row: Row, pipeline: Pipeline) -> None:
    """All right is 1, all wrong is 0."""
    assert macro_f1([said(row, pipeline, "meals")] * 3) == 1.0
    assert macro_f1([said(row, pipeline, "fuel")] * 3) == 0.0


def test_calibration(row: Row, pipeline: Pipeline) -> None:
    """Nine of ten right at .90 is no error; none right is one of .90; a confidence of 1 is in the highest tenth."""
    nine = [said(row, pipeline, "meals", "0.90")] * 9 + [said(row, pipeline, "fuel", "0.90")]
    assert calibration_error(nine) == pytest.approx(0.0)
    assert calibration_error([said(row, pipeline, "fuel", "0.90")]) == pytest.approx(0.9)
    assert [one.low for one in reliability([said(row, pipeline, "meals", "1")])] == [0.9]
    assert calibration_error([]) == 0.0


def test_slices(row: Row, pipeline: Pipeline) -> None:
    """Every answer is in exactly one slice."""
    answers = [said(row, pipeline, "meals")] * 3
    assert [len(group) for group in by_slice(answers).values()] == [3]
