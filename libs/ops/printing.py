"""What a command says: tables for people, JSON for programs, both on stdout; anything else goes to stderr."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table

WIDE = 160
"""Columns where no terminal says how wide it is."""
UNITS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("min", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes nothing in a text for a command of its own."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDE
    return made


def tell(message: str) -> None:
    """Say something to whoever typed the command."""
    console(stderr=True).print(message, soft_wrap=True)


def tabulate(rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """Print rows under their names, or say that there is none."""
    if not rows:
        tell(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, value in rows[0].items():
        table.add_column(name.replace("_", " "), justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(cell, row.values()))
    console().print(table)


def describe(facts: Mapping[str, Any]) -> None:
    """Print facts, one to a line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), cell(value))
    console().print(table)


def tell_rest(shown: int, total: int, *, or_more: bool = False) -> None:
    """Say how many rows were not printed, if any; `or_more`: counting ended there."""
    if shown < total:
        tell(f"{shown} of {total}{' or more' if or_more else ''}; --most prints more.")


def show(drawn: RenderableType) -> None:
    """Print what was drawn."""
    console().print(drawn)


def dump(rows: Sequence[Any]) -> None:
    """Print dataclasses as a JSON array."""
    dump_value([asdict(row) for row in rows])


def dump_value(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, default=_plain, indent=2))  # noqa: T201 - a command's answer


def cell(value: object) -> str:
    """Return a value as it stands in a table, without anything that could steer a terminal."""
    if value is None:
        return "-"
    text = ago(value, datetime.now(UTC)) if isinstance(value, datetime) else str(value)
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def ago(moment: datetime, now: datetime) -> str:
    """Return how far off a moment is, in its largest unit."""
    off = abs(now - moment)
    if off < timedelta(seconds=1):
        return "now"
    text = span(off.total_seconds())
    return f"{text} ago" if moment < now else f"in {text}"


def many(number: int, one: str, several: str | None = None) -> str:
    """Return a number before the words for it: `one` for 1, else `several` or `one` with an s."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def span(seconds: float) -> str:
    """Return how long that is, in its largest unit."""
    off = timedelta(seconds=seconds)
    return next((f"{off // unit} {name}" for name, unit in UNITS if off >= unit), "0 s")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
