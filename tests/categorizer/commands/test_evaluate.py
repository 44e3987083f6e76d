import csv
import json
from pathlib import Path

import pytest

from categorizer.commands.evaluate import DONE, NOTHING_READ, PREDICTION, REFUSED, run
from categorizer.domain.pipeline import Pipeline
from categorizer.evaluation.table import Row, read
from tests.categorizer.commands.test_entry import categorizer

ROWS = Path("tests/categorizer/evaluation/rows.csv")


def predictions(path: Path) -> dict[str, dict[str, str]]:
    """Return the predictions by id."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


def test_predictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per row: the best guess also where it asks, whether it would ask, whether it is an expense, three."""
    out = tmp_path / "predictions.csv"
    assert run([str(ROWS), "--out", str(out)]) == DONE
    found = predictions(out)
    assert list(found["a"]) == list(PREDICTION)
    assert {id_: (row["category"], row["auto"]) for id_, row in found.items()} == {
        "a": ("materials", "true"),
        "b": ("meals", "true"),
        "c": ("bank_fees", "true"),
        "d": ("shopping", "false"),
        "e": ("transfer", "true"),
        "f": ("meals", "true"),
        "g": ("meals", "false"),
        "h": ("software", "true"),
        "i": ("fuel", "true"),
    }
    assert found["e"]["is_expense"] == "false"
    assert all(len(row["top3"].split("|")) == 3 for row in found.values())
    assert all(row["top3"].split("|")[0] == row["category"] for row in found.values())
    told = capsys.readouterr().out
    assert "9 rows, 7 would post without asking; 0 could not be read." in told
    assert {"card", "account", "all"} <= {line.split(" ")[0] for line in told.splitlines()}


def test_same_path_as_production(pipeline: Pipeline, tmp_path: Path) -> None:
    """What is written is what the pipeline decides for that transaction."""
    out = tmp_path / "predictions.csv"
    run([str(ROWS), "--out", str(out)])
    found = predictions(out)
    for row in read(ROWS, pipeline.catalogue.categories):
        assert isinstance(row, Row)
        decision = pipeline.categorize(row.transaction)
        assert (found[row.id]["auto"] == "true") == (not decision.needs_review)
        assert (found[row.id]["confidence"], found[row.id]["source"]) == (str(decision.confidence), decision.source)


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs one object: the totals with their intervals, slices, reliability, what could not be read."""
    bad = tmp_path / "rows.csv"
    bad.write_text(ROWS.read_text() + "j,card,SHELL,,x,,,,,fuel,,\n")
    assert run([str(bad), "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["unreadable"] == [{"line": 11, "reason": "its amount is no number: “x”"}]
    assert (told["rows"], told["labelled"], told["auto"]) == (9, 9, 7)
    assert set(told["slices"]) == {"card", "account"}
    overall = told["overall"]
    assert (overall["right"]["value"], overall["auto_right"]["value"]) == (pytest.approx(7 / 9), pytest.approx(6 / 7))
    assert overall["auto_right_by_weight"] == pytest.approx(7 / 10)
    assert overall["right"]["low"] < overall["right"]["value"] < overall["right"]["high"]
    assert sum(one["rows"] for one in told["reliability"]) == 9
    assert [one["id"] for one in told["predictions"]] == list("abcdefghi")


def test_to_a_pipe() -> None:
    """Without --out predictions go to stdout, totals and what could not be read to stderr; no setting is needed."""
    done = categorizer("evaluate", str(ROWS))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == ",".join(PREDICTION)
    assert len(done.stdout.splitlines()) == 10
    assert "9 rows" in done.stderr


def test_without_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows without labels are categorised, and nothing is said about how right that is."""
    path = tmp_path / "rows.csv"
    path.write_text("name\nHOME DEPOT\n")
    assert run([str(path), "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["overall"], told["slices"], told["predictions"][0]["category"]) == (None, {}, "materials")
    assert run([str(path), "--out", str(tmp_path / "out.csv")]) == DONE
    assert "nothing to compare with" in capsys.readouterr().out


def test_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, is none, is empty, or would be overwritten: a sentence on stderr, and exit code 2."""
    empty = tmp_path / "empty.csv"
    empty.touch()
    for arguments in ([str(tmp_path / "none.csv")], [str(tmp_path)], [str(empty)]):
        assert run(arguments) == REFUSED
        told = capsys.readouterr()
        assert told.err.count("\n") == 1
        assert told.out == ""
    with pytest.raises(SystemExit) as refused:
        run([str(ROWS), "--out", str(ROWS)])
    assert refused.value.code == REFUSED
    assert run([str(ROWS), "--out", str(tmp_path / "no" / "out.csv")]) == REFUSED


def test_nothing_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no row can be read, the exit code says so."""
    path = tmp_path / "rows.csv"
    path.write_text("name,amount\nA,x\n")
    assert run([str(path)]) == NOTHING_READ
    assert "line 2 cannot be read" in capsys.readouterr().err
