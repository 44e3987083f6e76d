"""What a dashboard is made of, and how Grafana wants it (dashboard JSON, schema 39)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH = 24
"""Grafana's columns."""
STAT, LINES = 4, 8
"""Heights."""
WINDOW = "$__rate_interval"

Queries = Mapping[str, str]
"""Legend → PromQL; `{{label}}` in a legend is that label's value."""
Steps = Sequence[tuple[float | None, str]]
"""From which value on which colour; the first has none."""


def above(warn: float, bad: float) -> Steps:
    """Green, then orange, then red."""
    return ((None, "green"), (warn, "orange"), (bad, "red"))


def below(bad: float, warn: float) -> Steps:
    """Red, then orange, then green."""
    return ((None, "red"), (bad, "orange"), (warn, "green"))


NO_WRONG = above(1, 1)


@dataclass(frozen=True, slots=True)
class Panel:
    """A question, and what answers it: a number to glance at, or lines over time."""

    title: str
    question: str
    queries: Queries
    unit: str = "short"
    steps: Steps = ((None, "blue"),)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A row of numbers; each has one query."""

    title: str
    panels: Sequence[Panel]
    kind: str = field(default="stat", init=False)
    height: int = field(default=STAT, init=False)


@dataclass(frozen=True, slots=True)
class Charts:
    """A row of lines over time."""

    title: str
    panels: Sequence[Panel]
    kind: str = field(default="timeseries", init=False)
    height: int = field(default=LINES, init=False)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page."""

    uid: str
    title: str
    about: str
    rows: Sequence[Numbers | Charts]

    def panels(self) -> list[Panel]:
        """Return every panel."""
        return [panel for row in self.rows for panel in row.panels]


def rate(metric: str, by: str = "", where: str = "") -> str:
    """Return a counter's increase per second, summed by labels."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{where}}}[{WINDOW}]))"


def quantiles(histogram: str, where: str = "") -> Queries:
    """Return p50, p95 and p99 of a histogram over all processes."""
    buckets = rate(f"{histogram}_bucket", "le", where)
    return {f"p{q}": f"histogram_quantile(0.{q}, {buckets})" for q in (50, 95, 99)}


def or_none(query: str) -> str:
    """Return the query, or 0 where nothing has happened yet."""
    return f"({query}) or vector(0)"


def draw(dashboard: Dashboard) -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in dashboard.rows:
        panels.append(_heading(row.title, len(panels) + 1, y))
        width = WIDTH // len(row.panels)
        for number, panel in enumerate(row.panels):
            place = {"x": number * width, "y": y + 1, "w": width, "h": row.height}
            panels.append(_panel(panel, row.kind, len(panels) + 1, place))
        y += 1 + row.height
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["cora-bank-sync"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "panels": panels,
    }


def _heading(title: str, number: int, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: Panel, kind: str, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps]
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background"}
    if kind == "timeseries":
        options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
        defaults["custom"] = {"fillOpacity": 10, "lineWidth": 2, "thresholdsStyle": {"mode": "off"}}
    return {
        "id": number,
        "type": kind,
        "title": panel.title,
        "description": panel.question,
        "gridPos": dict(place),
        "datasource": DATASOURCE,
        "targets": [
            {"refId": chr(ord("A") + order), "expr": query, "legendFormat": legend, "datasource": DATASOURCE}
            for order, (legend, query) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }
