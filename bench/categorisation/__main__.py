"""`python -m bench.categorisation`: scores the labelled rows, and fails where a figure fell below the committed one."""

import argparse
import json
import sys

from rich.console import Console
from rich.progress import Progress

from bench.categorisation import document
from bench.categorisation.bar import held_out, sweep
from bench.categorisation.result import COMMITTED, committed, measure, slips
from bench.categorisation.rows import BESIDE, load, where
from categorizer import data

FINE, SLIPPED, NO_DATA = 0, 1, 2
BARS = (0.70, 0.80, 0.84, 0.86, 0.88, 0.90, 0.95)


def main() -> int:
    """Measure, tell, compare or write down; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.categorisation", description="Measures how right it is.")
    parser.add_argument("--update", action="store_true", help="write the figures down, whatever they are")
    asked = parser.parse_args()
    console, path = Console(width=200), where()
    if path is None:
        console.print(f"There are no labelled rows: name their file in EVALUATION_DATA, or put it at {BESIDE}.")
        return NO_DATA
    pipeline = data.pipeline()
    with Progress(console=console, transient=True) as progress:
        progress.add_task("Deciding, and living through streams ...", total=None)
        rows = load(path, pipeline)
        result, bars, held = measure(rows, pipeline), sweep(rows, pipeline, BARS), held_out(rows, pipeline)
    for part in (document.table(result), document.streams(result), document.bar_lines(bars, held)):
        console.print("\n".join(part), markup=False, highlight=False, soft_wrap=True)
        console.print()
    for low, count, said, right in result["reliability"]:
        console.print(f"confidence {low:.1f}: {count:5.0f} rows, {said:.2f} said, {right:.2f} right", highlight=False)
    console.print("\n".join(document.mistakes(result)), soft_wrap=True, highlight=False)
    if rows.unreadable:
        console.print(f"{len(rows.unreadable)} rows could not be read, the first in line {rows.unreadable[0].line}.")
    if asked.update:
        document.write(result, bars, held)
        COMMITTED.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        console.print(f"Written to {document.DOCUMENT}, {document.PLOT} and {COMMITTED}.")
        return FINE
    before = committed()
    slipped = list(slips(before, result)) if before else [f"Nothing is committed to compare with: {COMMITTED}."]
    console.print("\n".join(slipped) or "No figure fell by a point or more.", highlight=False)
    return SLIPPED if slipped else FINE


if __name__ == "__main__":
    sys.exit(main())
