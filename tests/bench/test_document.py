"""docs/performance.md says what was measured, and nothing else."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from bench import document, gains, plots
from bench.chapters import CHAPTERS
from bench.figure import figure
from bench.report import write


def test_the_document_is_of_the_committed_results() -> None:
    """Text and plots are what the committed results give; `python -m bench.document --kept` writes them."""
    kept = document.committed()
    assert kept
    assert (document.DOCS / document.DOCUMENT).read_text("utf-8") == document.text(kept)
    for name, drawn in document.drawings(kept).items():
        assert (document.DOCS / name).read_text("utf-8") == drawn


def test_every_committed_figure_is_shown() -> None:
    """No figure is left out of every chapter, and none stands in two."""
    kept = document.committed()
    text = document.text(kept)
    assert all(text.count(f"\n| {name} |") == 1 for name in kept)


def test_the_newest_result_of_each_figure_counts(tmp_path: Path) -> None:
    """A later run replaces what it measured again, and nothing else."""
    write([figure("a", "s", [1.0]), figure("b", "s", [2.0])], tmp_path).rename(tmp_path / "2026-01-01.json")
    write([figure("a", "s", [3.0])], tmp_path).rename(tmp_path / "2026-01-02.json")
    kept = document.newest(tmp_path)
    assert {name: one["figure"]["value"] for name, one in kept.items()} == {"a": 3.0, "b": 2.0}


def test_what_is_written_is_whole(tmp_path: Path) -> None:
    """Every row of the tables has all cells, every plot is XML, and histograms have a bucket for each value."""
    found = [
        figure("one item of 9: whole way", "transactions/s", [3.0], [9.0], target="≥ 1/3"),
        figure("import of 10 transactions", "µs/transaction", [3.0]),
        figure("import of 20 transactions", "µs/transaction", [4.0]),
        figure("webhook → expense, p50", "ms", [12.0], histogram=[1] * 12),
    ]
    write(found, tmp_path)
    kept = json.loads(json.dumps(document.newest(tmp_path)))
    document.write(kept, tmp_path)
    text = (tmp_path / document.DOCUMENT).read_text("utf-8")
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {7, 8, 14}
    drawn = sorted(tmp_path.glob("*.svg"))
    assert len(drawn) == 3
    for path in drawn:
        assert ET.fromstring(path.read_text("utf-8")).tag.endswith("svg")  # noqa: S314 - our own
        assert f"]({path.name})" in text


def test_longer_is_more() -> None:
    """A bar is as long as its value, beside the longest."""
    drawn = plots.bars("t", "s", [plots.Bar("a", 10), plots.Bar("b", 5, ours=False)])
    widths = [float(one.get("width", "")) for one in ET.fromstring(drawn) if one.get("height") == "16"]  # noqa: S314
    assert widths[0] == 2 * widths[1]


def test_chapters_differ() -> None:
    """Each plot has a file of its own."""
    files = [chapter.plot for chapter in CHAPTERS if chapter.plot]
    assert len(files) == len(set(files))


def test_every_gain_is_one() -> None:
    """What is kept as an optimisation took less afterwards, and says how that was measured."""
    assert all(one.measured and 0 < one.after < one.before for one in gains.gains())
