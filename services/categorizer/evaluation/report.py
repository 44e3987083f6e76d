"""An evaluation told: a table for people, one object for programs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from categorizer.domain.pipeline import PIPELINE_VERSION
from categorizer.evaluation.answers import Answer
from categorizer.evaluation.table import Unreadable
from categorizer.evaluation.totals import Share, Totals, by_slice, confusions, reliability, totals

OVERALL = "all"
HEADING = ("slice", "rows", "right", "macro-F1", "top-3", "coverage", "auto right", "by weight", "expense", "calibr.")


def as_json(answers: Sequence[Answer], unreadable: Sequence[Unreadable]) -> dict[str, Any]:
    """Return the whole evaluation; totals are of the labelled rows, null where there is none."""
    labelled = [one for one in answers if one.row.label is not None]
    return {
        "pipeline_version": PIPELINE_VERSION,
        "rows": len(answers),
        "labelled": len(labelled),
        "auto": sum(one.auto for one in answers),
        "unreadable": [one._asdict() for one in unreadable],
        "overall": _plain(totals(labelled)) if labelled else None,
        "slices": {name: _plain(totals(group)) for name, group in by_slice(labelled).items()},
        "reliability": [one._asdict() for one in reliability(labelled)],
        "confusions": [
            {"label": label, "answer": category, "rows": rows} for label, category, rows in confusions(labelled)
        ],
    }


def as_text(answers: Sequence[Answer], unreadable: Sequence[Unreadable]) -> Iterator[str]:
    """Yield the lines of the evaluation."""
    labelled = [one for one in answers if one.row.label is not None]
    auto = sum(one.auto for one in answers)
    yield f"{len(answers)} rows, {auto} would post without asking; {len(unreadable)} could not be read."
    if not labelled:
        yield "No row has a label in the column category: nothing to compare with."
        return
    yield ""
    slices = by_slice(labelled)
    groups = {name or "(none)": group for name, group in slices.items()} if len(slices) > 1 or "" not in slices else {}
    yield from _aligned(
        [HEADING, *(_cells(name, totals(group)) for name, group in (groups | {OVERALL: labelled}).items())]
    )
    yield ""
    yield "Right, coverage and the others with their 95 % intervals; auto: of what would post without asking."
    yield ""
    yield from _aligned(
        [
            ("confidence", "rows", "said", "right"),
            *(
                (f"{one.low:.1f}-{one.low + 0.1:.1f}", str(one.rows), f"{one.confidence:.2f}", f"{one.right:.2f}")
                for one in reliability(labelled)
            ),
        ]
    )


def _cells(name: str, one: Totals) -> tuple[str, ...]:
    return (
        name,
        str(one.rows),
        _interval(one.right),
        f"{one.macro_f1:.2f}",
        _interval(one.top3),
        _interval(one.coverage),
        _interval(one.auto_right),
        f"{one.auto_right_by_weight:.3f}" if one.auto_right.of else "-",
        _interval(one.auto_expense_right),
        f"{one.calibration_error:.3f}",
    )


def _interval(one: Share) -> str:
    return f"{one.value:.3f} [{one.low:.2f}-{one.high:.2f}]" if one.of else "-"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines: the first column to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells])


def _plain(one: Totals) -> Mapping[str, Any]:
    values = {name: getattr(one, name) for name in Totals.__slots__}
    return {name: value._asdict() if isinstance(value, Share) else value for name, value in values.items()}
