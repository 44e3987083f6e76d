"""`python -m categorizer evaluate`: how right the pipeline is on labelled rows. It needs no setting and no server."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from categorizer import data
from categorizer.evaluation import report
from categorizer.evaluation.answers import Answer, answer
from categorizer.evaluation.table import NotATable, Row, Unreadable, read

DONE, NOTHING_READ, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit codes; single rows that cannot be read are told and counted, and change none."""
PREDICTION = ("id", "category", "confidence", "source", "auto", "is_expense", "top3")
STEP = 1000
ABOUT = """\
Categorise the rows of a CSV file as production would, without anything that a user taught, and say how right that is.
Columns, any of which may be missing or empty: id, name, merchant_name, original_description, amount (positive = money
out; 0 = unknown), iso_currency_code, payment_channel, pfc_version, pfc_primary, pfc_detailed, pfc_confidence, category
(the label), also_ok (other right ones, separated by |), slice, weight. Predictions go to --out, or to stdout, and the
totals then to stderr."""


def run(arguments: Sequence[str]) -> int:
    """Evaluate what the arguments name, tell it, and return the exit code."""
    asked = _parse(arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # an id may be any letters
    try:
        return _evaluate(asked)
    except NotATable as error:
        return _refuse(f"{asked.file} cannot be evaluated. {error}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever listened has heard enough
        return DONE
    except OSError as error:
        return _refuse(f"{error.filename or asked.file}: {error.strerror}.")
    except KeyboardInterrupt:
        return INTERRUPTED


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="categorizer evaluate", description=ABOUT)
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="the rows, in UTF-8")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the predictions there, one line per row")
    parser.add_argument("--json", action="store_true", help="print one JSON object; predictions in it without --out")
    asked = parser.parse_args(arguments)
    if asked.out and asked.out.resolve() == asked.file.resolve():
        parser.error("--out would overwrite the rows")
    return asked


def _evaluate(asked: argparse.Namespace) -> int:
    pipeline = data.pipeline()
    rows = list(read(asked.file, pipeline.catalogue.categories))
    unreadable = [row for row in rows if isinstance(row, Unreadable)]
    out: IO[str] | None = asked.out.open("w", encoding="utf-8", newline="") if asked.out else None
    answers = [answer(row, pipeline) for row in _with_progress(row for row in rows if isinstance(row, Row))]
    for one in unreadable:
        _tell(f"line {one.line} cannot be read: {one.reason}")
    if out is not None:
        with out:
            _write(out, answers)
    _print(asked, answers, unreadable)
    return NOTHING_READ if unreadable and not answers else DONE


def _print(asked: argparse.Namespace, answers: Sequence[Answer], unreadable: Sequence[Unreadable]) -> None:
    if asked.json:
        told = report.as_json(answers, unreadable)
        if not asked.out:
            told["predictions"] = [one.as_dict() for one in answers]
        json.dump(told, sys.stdout, indent=2)
        print(flush=True)  # noqa: T201 - a command's answer
        return
    if not asked.out:
        _write(sys.stdout, answers)
        sys.stdout.flush()
    for line in report.as_text(answers, unreadable):
        print(line, file=sys.stdout if asked.out else sys.stderr, flush=True)


def _write(out: IO[str], answers: Iterable[Answer]) -> None:
    writer = csv.DictWriter(out, PREDICTION, lineterminator="\n")
    writer.writeheader()
    writer.writerows(one.as_dict() for one in answers)


def _with_progress(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, and tell a terminal how far it is."""
    shown = sys.stderr.isatty()
    for number, row in enumerate(rows, 1):
        if shown and number % STEP == 0:
            sys.stderr.write(f"\r{number:,} rows")
        yield row
    if shown:
        sys.stderr.write("\r\033[K")


def _refuse(message: str) -> int:
    _tell(message)
    return REFUSED


def _tell(message: str) -> None:
    print("".join(one if one.isprintable() else "\ufffd" for one in message), file=sys.stderr)  # noqa: T201 - as above
