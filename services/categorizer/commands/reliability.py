"""`python -m categorizer reliability`: how often Plaid's categories were right here, by what users said."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from categorizer import data
from categorizer.commands.session import run_with
from categorizer.domain.reliability import claimed
from categorizer.estimates import Estimates
from common.database import Database

ABOUT = """\
List the categories of Plaid's about which users have said what their expenses were: how often Plaid was right, what it
claims of its level of confidence, and what is believed of it now. Counts alone are read. It needs DATABASE_URL."""


def run(arguments: Sequence[str]) -> int:
    """Tell what was learned, on stdout, and return the exit code."""
    parser = argparse.ArgumentParser(prog="categorizer reliability", description=ABOUT)
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    return run_with(lambda database, _settings: _tell(database, as_json=asked.json))


async def _tell(database: Database, *, as_json: bool) -> None:
    pipeline = data.pipeline()
    found = await Estimates(database, pipeline.catalogue, pipeline.reliability).once()
    rows: list[dict[str, Any]] = [
        {
            "detailed": detailed,
            "level": level,
            "right": round(seen.right, 1),
            "wrong": round(seen.wrong, 1),
            "claimed": claimed(level),
            "believed": round(pipeline.reliability.of(detailed, level), 3),
        }
        for (detailed, level), seen in found.items()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))  # noqa: T201 - a command's answer
        return
    print(f"{'Plaid calls it':60} {'level':10} {'right':>7} {'wrong':>7} {'claimed':>8} {'believed':>9}")  # noqa: T201
    for row in sorted(rows, key=lambda row: row["believed"]):
        told = f"{row['detailed']:60} {row['level'] or '-':10} {row['right']:7} {row['wrong']:7}"
        print(f"{told} {row['claimed']:8.2f} {row['believed']:9.3f}")  # noqa: T201 - as above
