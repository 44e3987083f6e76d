"""Plots as SVG, drawn by hand: bars beside each other, and points joined by a line. Both scales begin at zero."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

OURS, THEIRS = "#2b6cb0", "#a0aec0"
WIDTH, BAR, GAP, LEFT, RIGHT, TOP = 720, 16, 26, 290, 80, 24


class Bar(NamedTuple):
    """A labelled length; of ours, or of what we are compared with."""

    label: str
    value: float
    ours: bool = True


def bars(title: str, unit: str, rows: Sequence[Bar]) -> str:
    """Return a plot of bars, one below the other, each with its number."""
    longest = max(row.value for row in rows)
    room = WIDTH - LEFT - RIGHT
    drawn = "".join(_bar(TOP + GAP * place, row, room * row.value / longest) for place, row in enumerate(rows))
    return _svg(f"{title}, {unit}", TOP + GAP * len(rows) + 8, drawn)


def _bar(y: float, row: Bar, length: float) -> str:
    text = y + BAR - 4
    return (
        f'<text x="{LEFT - 8}" y="{text}" text-anchor="end">{escape(row.label)}</text>'
        f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{OURS if row.ours else THEIRS}"/>'
        f'<text x="{LEFT + length + 5:.1f}" y="{text}">{number(row.value)}</text>\n'
    )


def line(title: str, unit: str, points: Sequence[tuple[str, float]]) -> str:
    """Return a plot of values in a row, joined by a line: level where each is as large as the others."""
    height, edge = 180, 60
    top = max(value for _, value in points) * 1.15
    step = (WIDTH - 2 * edge) / max(1, len(points) - 1)
    places = [
        (edge + n * step, TOP + height * (1 - value / top), label, value) for n, (label, value) in enumerate(points)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in places)
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{OURS}"/>'
        f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{number(value)}</text>'
        f'<text x="{x:.1f}" y="{TOP + height + 18}" text-anchor="middle">{escape(label)}</text>\n'
        for x, y, label, value in places
    )
    axis = f'<path d="M{edge} {TOP + height}H{WIDTH - edge}" stroke="#555"/>\n'
    return _svg(
        f"{title}, {unit}",
        TOP + height + 30,
        f'{axis}<polyline points="{path}" fill="none" stroke="{OURS}" stroke-width="2"/>\n{marks}',
    )


def number(value: float) -> str:
    """Return a number as people read it, with three figures."""
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - four digits say enough


def _svg(title: str, height: float, drawn: str) -> str:
    form = f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" font-size="12"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {form}>\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="8" y="15" font-weight="bold">{escape(title)}</text>\n'
        f"{drawn}</svg>\n"
    )
