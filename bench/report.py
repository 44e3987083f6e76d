"""What a run found: a table for people, and a file for whoever compares runs."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from bench.figure import Figure

RESULTS = Path(__file__).parent / "results"


def table(figures: Sequence[Figure]) -> Table:
    """Return the figures as rows: the median, the least and the most of the repetitions, the baseline beside."""
    made = Table(title="Medians, and below them the least and the most")
    for heading in ("figure", "measured", "baseline", "ratio", "target"):
        made.add_column(heading, justify="right" if heading in {"measured", "baseline", "ratio"} else "left")
    for one in figures:
        made.add_row(
            f"{one.name}\n[dim]{one.remark}[/]" if one.remark else one.name,
            f"{_number(one.value)} {one.unit}\n[dim]{_number(one.least)} to {_number(one.most)}[/]",
            "" if one.baseline is None else _number(one.baseline),
            "" if one.ratio is None else f"{one.ratio:.2f}",
            one.target,
        )
    return made


def _number(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - four digits say enough


def write(figures: Sequence[Figure], folder: Path = RESULTS) -> Path:
    """Write the run into a file of its own and return where it is."""
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    run = {
        "date": now.isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain")),
        "machine": {
            "processors": os.cpu_count(),
            "load": os.getloadavg(),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "figures": [asdict(one) for one in figures],
    }
    path = folder / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps(run, indent=2) + "\n")
    return path


def _git(*arguments: str) -> str | None:
    """Return what git says, None where there is none."""
    try:
        found = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, cwd=RESULTS.parent)  # noqa: S603, S607 - our own words
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
