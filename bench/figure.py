"""A measured number: the median of some repetitions, how far they spread, and what it is to be compared with."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

EDGES = (1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280)
"""Upper ends of a histogram's buckets, in the figure's unit; the last bucket has none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one row of the table says; `ratio` is the share of the baseline's value that ours reaches."""

    name: str
    value: float
    unit: str
    least: float
    most: float
    repetitions: int
    baseline: float | None = None
    ratio: float | None = None
    target: str = ""
    remark: str = ""
    histogram: Sequence[int] = ()
    """How many single values lie in each bucket, where that says more than a median."""


def histogram(values: Sequence[float]) -> list[int]:
    """Return how many of these values lie in each bucket."""
    counts = Counter(bisect_left(EDGES, value) for value in values)
    return [counts[number] for number in range(len(EDGES) + 1)]


def figure(
    name: str,
    unit: str,
    values: Sequence[float],
    baselines: Sequence[float] = (),
    *,
    target: str = "",
    remark: str = "",
    histogram: Sequence[int] = (),
) -> Figure:
    """Return the figure of these repetitions, each measured beside its baseline: the ratio is the median of theirs."""
    return Figure(
        name=name,
        value=median(values),
        unit=unit,
        least=min(values),
        most=max(values),
        repetitions=len(values),
        baseline=median(baselines) if baselines else None,
        ratio=median(ours / bare for ours, bare in zip(values, baselines, strict=True)) if baselines else None,
        target=target,
        remark=remark,
        histogram=histogram,
    )
