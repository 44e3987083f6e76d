"""Spans of time as people write them: 90s, 30min, 6h, 2d."""

import re
from datetime import timedelta

import typer

from ops.printing import UNITS

SHAPE = re.compile(r"([0-9]{1,9})\s*([a-z]+)")
BY_NAME = dict(UNITS)


def parse(text: str) -> timedelta:
    """Return the span; raises typer.BadParameter where it is none, or longer than time is counted."""
    found = SHAPE.fullmatch(text.strip().lower())
    if found is None or found[2] not in BY_NAME:
        raise typer.BadParameter(f"{text!r} is no span of time: write 90s, 30min, 6h or 2d.")
    number, unit = int(found[1]), BY_NAME[found[2]]
    if number > timedelta(days=36_500) // unit:
        raise typer.BadParameter(f"{text!r} is more than a century.")
    return number * unit
