"""How right the categoriser is must not slip, and what measures it must be right itself."""

import copy
import csv
import re
from pathlib import Path

import pytest

from bench.categorisation import document
from bench.categorisation.bar import held_out, sweep
from bench.categorisation.replay import replay
from bench.categorisation.result import OVERALL, Result, committed, measure, slips
from bench.categorisation.rows import BESIDE, Rows, load, where
from categorizer import data
from categorizer.domain.pipeline import Pipeline

OURS = Path("tests/categorizer/evaluation/rows.csv")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The pipeline of production."""
    return data.pipeline()


@pytest.fixture(scope="module")
def rows(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Rows of our own, in slices that count."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text(OURS.read_text().replace(",card,", ",personal_card,").replace(",account,", ",bank_account,"))
    return load(path, pipeline)


@pytest.fixture(scope="module")
def result(rows: Rows, pipeline: Pipeline) -> Result:
    """What is measured on them."""
    return measure(rows, pipeline)


def test_figures(result: Result) -> None:
    """All slices are told, and together."""
    assert result["figures"][OVERALL]["rows"] == 9
    assert result["figures"][OVERALL]["right"][0] == pytest.approx(7 / 9, abs=1e-4)
    assert {"personal_card", "bank_account"} < set(result["figures"])


def test_slips(result: Result) -> None:
    """What falls by less than a point passes, what falls by more is named; small slices are not watched."""
    before = copy.deepcopy(dict(result))
    before["figures"][OVERALL]["rows"] = 1000
    assert list(slips(before, result)) == []
    before["figures"][OVERALL]["right"][0] += 0.009
    assert list(slips(before, result)) == []
    before["figures"][OVERALL]["coverage"][0] += 0.02
    before["figures"]["bank_account"]["coverage"][0] += 0.5
    before["replay"][OVERALL]["right_in_the_end"] += 0.02
    assert [one.split(":")[0].split(",")[0] for one in slips(before, result)] == [
        OVERALL.split(",")[0],
        "Right in the end",
    ]
    assert list(slips(before | {"figures": {"gone": {"rows": 3}}, "replay": result["replay"]}, result)) == [
        "gone: its rows are missing."
    ]


def test_a_user_who_answers(rows: Rows, pipeline: Pipeline) -> None:
    """Questions are answered once and taught: the streams end righter than they are at first sight."""
    scored = [row for row in rows.scored if row.id in "dg"]
    found = replay(scored * 4, pipeline)
    assert found.transactions == 24
    assert 0 < found.asked < found.transactions
    assert found.right_in_the_end == 1.0


def test_bars(rows: Rows, pipeline: Pipeline) -> None:
    """A higher bar posts no more; folds put every row in exactly one fifth."""
    coverage = [one for _, one, _ in sweep(rows, pipeline, (0.0, 0.5, 0.86, 0.99))]
    assert coverage == sorted(coverage, reverse=True)
    (held,) = held_out(rows, pipeline, (0.0,))
    assert held.coverage <= max(coverage)


def test_document(result: Result, rows: Rows, pipeline: Pipeline) -> None:
    """The committed document has its marks, and what is written between them is whole."""
    text = document.DOCUMENT.read_text("utf-8")
    assert text.index(document.START) < text.index(document.END)
    lines = [*document.table(result), *document.streams(result), *document.mistakes(result)]
    assert all(line.count("|") in (0, 7, 11) for line in lines)
    assert document.plot(result).count("<circle") == len(result["reliability"])
    assert list(document.bar_lines(sweep(rows, pipeline, (0.86,)), held_out(rows, pipeline)))


def test_nothing_slipped(pipeline: Pipeline) -> None:
    """On the labelled rows, no figure is a point below what was committed."""
    path = where()
    if path is None:
        pytest.skip(
            f"needs labelled rows, which we may not ship: name their file in EVALUATION_DATA, or put it at {BESIDE}"
        )
    before = committed()
    assert before is not None
    assert list(slips(before, measure(load(path, pipeline), pipeline))) == []


TELLING = re.compile(r"[0-9]{3}|[*#/]|X{4}")
"""What a bank puts into a line, and nobody into a name: a line that has it is known by it."""
OF_PEOPLE = {".csv", ".html", ".js", ".json", ".md", ".py", ".toml", ".txt"}


def test_no_labelled_line_is_here() -> None:
    """No line of the labelled rows stands in the repository: neither in a table, nor in a test, nor as an example."""
    path = where()
    if path is None:
        pytest.skip("needs the labelled rows")
    files = [file for top in ("services", "libs", "tests", "docs", "bench", "deploy") for file in Path(top).rglob("*")]
    here = "\n".join(file.read_text("utf-8", "ignore") for file in files if file.suffix in OF_PEOPLE).upper()
    with path.open(encoding="utf-8-sig", newline="") as lines:
        names = {row["name"].strip().upper() for row in csv.DictReader(lines)}
    telling = [name for name in names if len(name) >= 14 and TELLING.search(name)]
    assert len(telling) > 500
    assert [name for name in telling if name in here] == []
