"""docs/performance.md and its plots, from the newest result of each figure.

`python -m bench.document` takes the results of this machine over into docs/performance.json and writes the rest from
that; `--kept` writes it from what is committed.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench import gains, plots
from bench.chapters import CHAPTERS, Chapter
from bench.figure import EDGES, Figure
from bench.report import RESULTS

DOCS = Path("docs")
KEPT, DOCUMENT = "performance.json", "performance.md"
NAMES = {field.name for field in fields(Figure)}
Kept = dict[str, dict[str, Any]]
"""By the figure's name: the figure, and the run that it is of."""
TITLE = """# How fast it is

Written by `python -m bench.document` from [performance.json](performance.json): the newest result of each figure
of `make bench`. Every figure is the median of its repetitions, with the least and the most of them; what it is
compared with was measured in the same run, in turn with it, and the ratio is the median of theirs. Real PostgreSQL
and RabbitMQ run on the same processors as everything else, the stand-in of Plaid and the load generator too.
PostgreSQL keeps its data in memory and waits for no disk (`fsync = off`), for us and for what we are compared
with: what is measured is work, not a disk.
"""


MACHINE = """The load is the machine's when the run ended, its own work of the last minute among it. Above two for each
processor others were at work too, and the figures are to be taken again."""


GAINS = """Each change was measured before and after in one run, in turn, on a machine with others at work: the ratio
counts, not the figures. Kept in `bench/gains.csv`."""


def newest(folder: Path = RESULTS) -> Kept:
    """Return the newest result of each figure of the runs in this folder."""
    found: Kept = {}
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text())
        of = {name: run[name] for name in ("date", "commit", "changed", "machine")}
        found |= {one["name"]: {"figure": one, "run": of} for one in run["figures"]}
    return found


def text(kept: Kept) -> str:
    """Return the document."""
    figures = {name: _figure(one) for name, one in kept.items()}
    parts = [TITLE, *(_chapter(chapter, figures) for chapter in CHAPTERS), _gains(), _machines(kept)]
    return "\n".join(part for part in parts if part)


def drawings(kept: Kept) -> dict[str, str]:
    """Return the plots by the names of their files."""
    figures = {name: _figure(one) for name, one in kept.items()}
    return {
        f"{chapter.plot}.svg": drawn
        for chapter in CHAPTERS
        if chapter.plot and (drawn := draw(chapter, chapter.of(figures)))
    }


def draw(chapter: Chapter, figures: Sequence[Figure]) -> str:
    """Return a chapter's plot: a line, or bars with what each is compared with beside; empty without figures."""
    shown = [one for one in figures if one.name not in chapter.hidden and one.unit == chapter.unit]
    if not shown:
        return ""
    if chapter.line:
        return plots.line(chapter.title, chapter.unit, [(chapter.label(one), one.value) for one in shown])
    rows = [bar for one in shown for bar in _bars(chapter, one)]
    return plots.bars(chapter.title, chapter.unit, rows)


def _bars(chapter: Chapter, one: Figure) -> Iterator[plots.Bar]:
    yield plots.Bar(chapter.label(one), one.value)
    if one.baseline is not None:
        yield plots.Bar("beside", one.baseline, ours=False)


def _figure(one: Mapping[str, Any]) -> Figure:
    return Figure(**{name: value for name, value in one["figure"].items() if name in NAMES})


def _chapter(chapter: Chapter, figures: Mapping[str, Figure]) -> str:
    shown = chapter.of(figures)
    if not shown:
        return ""
    lines = [f"## {chapter.title}", "", chapter.method, "", *_table(shown), "", f"Bound by: {chapter.bound}", ""]
    if chapter.plot and draw(chapter, shown):
        lines += [f"![{chapter.title}]({chapter.plot}.svg)", ""]
    return "\n".join([*lines, *_histograms(shown)])


def _table(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| figure | measured | least to most | beside | ratio | target | remark |"
    yield "|---|--:|--:|--:|--:|---|---|"
    for one in figures:
        beside = "" if one.baseline is None else plots.number(one.baseline)
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        spread = f"{plots.number(one.least)} to {plots.number(one.most)} ({one.repetitions})"
        measured = f"{plots.number(one.value)} {one.unit}"
        yield f"| {one.name} | {measured} | {spread} | {beside} | {ratio} | {one.target} | {one.remark} |"


def _histograms(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the table of histograms, one row for the figures that share one."""
    shown = {one.name.rpartition(", ")[0]: one for one in figures if one.histogram}
    if not shown:
        return

    yield f"| single values | {' | '.join(f'≤ {edge}' for edge in EDGES)} | more |"
    yield "|---|" + "--:|" * (len(EDGES) + 1)
    for name, one in shown.items():
        yield f"| {name}, {one.unit} | {' | '.join(str(count or '') for count in one.histogram)} |"
    yield ""


def _gains() -> str:
    """Return what made it as fast as it is."""
    return "\n".join(["## What made it faster", "", GAINS, "", *gains.table(gains.gains()), ""])


def _machines(kept: Kept) -> str:
    """Return on what, when and of which commit the figures were taken."""
    lines = ["## Machine", "", MACHINE, "", "| taken | commit | figures | processors | load | Python | system |"]
    lines.append("|---|---|--:|--:|--:|---|---|")
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for one in kept.values():
        runs.setdefault(one["run"]["date"], []).append(one["run"])
    for date, of in sorted(runs.items()):
        machine, commit = of[0]["machine"], (of[0]["commit"] or "")[:9] + (" and changes" if of[0]["changed"] else "")
        cells = (date, commit, len(of), machine["processors"], f"{machine['load'][0]:.1f}", machine["python"])
        lines.append(f"| {' | '.join(map(str, cells))} | {machine['system']} |")
    return "\n".join([*lines, ""])


def write(kept: Kept, folder: Path = DOCS) -> None:
    """Write the document and its plots."""
    (folder / DOCUMENT).write_text(text(kept), "utf-8")
    for name, drawn in drawings(kept).items():
        (folder / name).write_text(drawn, "utf-8")


def committed(folder: Path = DOCS) -> Kept:
    """Return what the committed document is made of; nothing before the first."""
    path = folder / KEPT
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.document", description="Writes docs/performance.md.")
    parser.add_argument("--kept", action="store_true", help="from docs/performance.json as it is")
    results = committed()
    if not parser.parse_args().kept:
        results |= newest()
        (DOCS / KEPT).write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    write(results)
