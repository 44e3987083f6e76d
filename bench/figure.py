"""A measured number: the median of some repetitions, how far they spread, and what it is to be compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


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


def figure(
    name: str,
    unit: str,
    values: Sequence[float],
    baselines: Sequence[float] = (),
    *,
    target: str = "",
    remark: str = "",
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
    )
