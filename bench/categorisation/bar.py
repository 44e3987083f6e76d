"""Whether the bar, the one number that was fitted to these rows, holds for merchants that it was not fitted to."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.categorisation.rows import Rows
from categorizer.domain.pipeline import Pipeline
from categorizer.evaluation.answers import Answer, answer

FOLDS = 5
BARS = [number / 100 for number in range(50, 100)]


@dataclass(frozen=True, slots=True)
class Held:
    """What came of bars that were chosen without the merchants they are measured on."""

    aim: float
    bars: tuple[float, ...]
    coverage: float
    right: float


def held_out(rows: Rows, pipeline: Pipeline, aims: Sequence[float] = (0.94, 0.95)) -> list[Held]:
    """Choose in four fifths of the merchants the lowest bar that reaches the aim; measure it in the fifth."""
    bold = replace(pipeline, thresholds=replace(pipeline.thresholds, review_below=0.0))
    answers = [answer(row, bold) for row in rows.scored]
    return [_held(answers, rows.merchants, aim) for aim in aims]


def sweep(rows: Rows, pipeline: Pipeline, bars: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return for each bar the coverage, and the share right of what would post."""
    bold = replace(pipeline, thresholds=replace(pipeline.thresholds, review_below=0.0))
    answers = [answer(row, bold) for row in rows.scored]
    posted = [(bar, _posted(answers, bar)) for bar in bars]
    return [(bar, len(some) / len(answers), _right(some)) for bar, some in posted]


def _held(answers: Sequence[Answer], merchants: dict[str, str], aim: float) -> Held:
    chosen, posted = [], list[Answer]()
    for fold in range(FOLDS):
        inside = [one for one in answers if _fold(merchants[one.row.id]) != fold]
        outside = [one for one in answers if _fold(merchants[one.row.id]) == fold]
        bar = next((bar for bar in BARS if _right(_posted(inside, bar)) >= aim), BARS[-1])
        chosen.append(bar)
        posted += _posted(outside, bar)
    return Held(aim, tuple(chosen), len(posted) / len(answers), _right(posted))


def _posted(answers: Sequence[Answer], bar: float) -> list[Answer]:
    """Return what would post at a bar; money that came in and is no expense posts at any."""
    return [one for one in answers if one.auto and (one.confidence >= bar or _came_in(one))]


def _came_in(one: Answer) -> bool:
    return one.row.transaction.money_in and not one.is_expense


def _right(answers: Sequence[Answer]) -> float:
    return sum(one.right for one in answers) / max(1, len(answers))


def _fold(merchant: str) -> int:
    return zlib.crc32(merchant.encode()) % FOLDS
