"""What is right, counted: accuracy where nobody is asked, coverage, expense or not, suggestions, calibration."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from categorizer.evaluation.answers import Answer

BINS = 10
_Z = 1.959964
"""Standard deviations that hold 95 % of a normal distribution."""


class Share(NamedTuple):
    """A share of rows with its 95 % interval (Wilson 1927); of no rows it is 0, between 0 and 1."""

    value: float
    low: float
    high: float
    of: int


class Bin(NamedTuple):
    """A tenth of confidence: its rows, how sure they were on average, and the share of them that was right."""

    low: float
    rows: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers of a set of labelled rows; `auto_*` are of those that would post without asking."""

    rows: int
    right: Share
    macro_f1: float
    top3: Share
    coverage: Share
    auto_right: Share
    auto_right_by_weight: float
    auto_expense_right: Share
    calibration_error: float


def share(hits: Iterable[bool]) -> Share:
    """Return the share of true ones."""
    found = list(hits)
    n = len(found)
    if not n:
        return Share(0.0, 0.0, 1.0, 0)
    p = sum(found) / n
    middle, spread = p + _Z * _Z / (2 * n), _Z * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
    whole = 1 + _Z * _Z / n
    return Share(p, max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole), n)


def totals(answers: Sequence[Answer]) -> Totals:
    """Return the totals of labelled answers."""
    auto = [one for one in answers if one.auto]
    weight = sum(one.row.weight for one in auto)
    return Totals(
        rows=len(answers),
        right=share(one.right for one in answers),
        macro_f1=macro_f1(answers),
        top3=share(one.offered for one in answers),
        coverage=share(one.auto for one in answers),
        auto_right=share(one.right for one in auto),
        auto_right_by_weight=sum(one.row.weight for one in auto if one.right) / weight if weight else 0.0,
        auto_expense_right=share(one.right_whether_expense for one in auto),
        calibration_error=calibration_error(answers),
    )


def by_slice(answers: Iterable[Answer]) -> Mapping[str, list[Answer]]:
    """Return the answers by slice, in the order of the slices' first rows."""
    slices: dict[str, list[Answer]] = {}
    for one in answers:
        slices.setdefault(one.row.slice, []).append(one)
    return slices


def macro_f1(answers: Sequence[Answer]) -> float:
    """Return the mean F1 over the labels that occur; another right reading that was chosen counts as the label."""
    hit, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for one in answers:
        if one.right:
            hit[one.category] += 1
        else:
            wrong[one.category] += 1
            missed[one.row.label or ""] += 1
    labels = {one.row.label or "" for one in answers}
    scores = [2 * hit[label] / max(1, 2 * hit[label] + wrong[label] + missed[label]) for label in labels]
    return sum(scores) / max(1, len(scores))


def reliability(answers: Iterable[Answer]) -> list[Bin]:
    """Return the tenths of confidence that occur."""
    bins: dict[int, list[Answer]] = {}
    for one in answers:
        bins.setdefault(min(int(one.confidence * BINS + 1e-9), BINS - 1), []).append(one)
    return [
        Bin(
            number / BINS,
            len(group),
            sum(one.confidence for one in group) / len(group),
            sum(one.right for one in group) / len(group),
        )
        for number, group in sorted(bins.items())
    ]


def calibration_error(answers: Sequence[Answer]) -> float:
    """Return the expected calibration error over ten bins of equal width (Naeini 2015)."""
    gaps = (one.rows * abs(one.confidence - one.right) for one in reliability(answers))
    return sum(gaps) / max(1, len(answers))


def confusions(answers: Iterable[Answer], most: int = 15) -> list[tuple[str, str, int]]:
    """Return the most frequent mistakes: label, answer, rows."""
    seen = Counter((one.row.label or "", one.category) for one in answers if not one.right)
    return [(label, category, rows) for (label, category), rows in seen.most_common(most)]
