"""What was measured, as it is written down beside the document and compared with the next time."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.categorisation.replay import Replay, replay
from bench.categorisation.rows import SCORED, Rows
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.evaluation.answers import answer
from categorizer.evaluation.totals import Totals, by_slice, confusions, reliability, totals

COMMITTED = Path("docs/categorisation.json")
OVERALL = "US and Canada, all six"
NOT_COUNTED_RIGHT = "without org_disbursement"
SLIP = 0.01
"""What a figure may lose before that is an error."""
WATCHED = ("right", "top3", "coverage", "auto_right", "auto_expense_right")
LARGE = 100
"""Rows from which a slice is watched by itself: in a smaller one a row is more than the slip."""

Result = Mapping[str, Any]


def measure(rows: Rows, pipeline: Pipeline) -> Result:
    """Return the figures of all slices, of those that count together, and of their streams."""
    answers = {name: list(group) for name, group in by_slice(answer(row, pipeline) for row in rows.rows).items()}
    scored = [one for name in SCORED for one in answers.get(name, [])]
    bank_lines = [one for one in scored if one.row.slice != "org_disbursement"]
    groups = {**answers, NOT_COUNTED_RIGHT: bank_lines, OVERALL: scored}
    together, streams = Replay(), {}
    for name in SCORED:
        streams[name] = replay([one.row for one in answers.get(name, [])], pipeline)
        together.add(streams[name])
    return {
        "pipeline_version": PIPELINE_VERSION,
        "review_below": pipeline.thresholds.review_below,
        "figures": {name: _figures(totals(group)) for name, group in groups.items() if group},
        "replay": {name: _stream(one) for name, one in {**streams, OVERALL: together}.items()},
        "reliability": [[round(value, 4) for value in one] for one in reliability(scored)],
        "confusions": confusions(scored, 12),
    }


def slips(before: Result, now: Result) -> Iterator[str]:
    """Yield each figure that lost more than may be lost, in a sentence."""
    for name, old in before["figures"].items():
        new = now["figures"].get(name)
        if new is None:
            yield f"{name}: its rows are missing."
        elif old["rows"] >= LARGE:
            for figure in WATCHED:
                if new[figure][0] < old[figure][0] - SLIP:
                    yield f"{name}: {figure} fell from {old[figure][0]:.3f} to {new[figure][0]:.3f}."
    was, is_ = (one["replay"][OVERALL]["right_in_the_end"] for one in (before, now))
    if is_ < was - SLIP:
        yield f"Right in the end, with a user who answers, fell from {was:.3f} to {is_:.3f}."


def committed() -> Result | None:
    """Return what was written down last."""
    return json.loads(COMMITTED.read_text("utf-8")) if COMMITTED.exists() else None


def _figures(one: Totals) -> Mapping[str, Any]:
    shares = {name: [round(value, 4) for value in getattr(one, name)[:3]] for name in WATCHED}
    plain = {name: round(getattr(one, name), 4) for name in ("macro_f1", "auto_right_by_weight", "calibration_error")}
    return {"rows": one.rows, **shares, **plain}


def _stream(one: Replay) -> Mapping[str, float]:
    names = ("right_in_the_end", "posted", "posted_right", "offered_when_asked")
    return {"transactions": one.transactions} | {name: round(getattr(one, name), 4) for name in names}
