"""What made it faster, change by change: each measured before and after in one run, in turn."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

KEPT = Path(__file__).parent / "gains.csv"


class Gain(NamedTuple):
    """One optimisation that was kept; `before` and `after` are of the same unit, the less the better."""

    date: str
    what: str
    unit: str
    before: float
    after: float
    measured: str


def gains(path: Path = KEPT) -> list[Gain]:
    """Return the optimisations in the order in which they were made."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Gain(row["date"], row["what"], row["unit"], float(row["before"]), float(row["after"]), row["measured"])
            for row in csv.DictReader(file)
        ]


def table(rows: list[Gain]) -> Iterator[str]:
    """Yield the lines of a table of them."""
    yield "| made | what | before | after | ratio | how it was measured |"
    yield "|---|---|--:|--:|--:|---|"
    for one in rows:
        before, after = f"{one.before:g} {one.unit}", f"{one.after:g} {one.unit}"
        yield f"| {one.date} | {one.what} | {before} | {after} | {one.before / one.after:.2f} | {one.measured} |"
