"""The figures as the document shows them: tables between two marks, and a plot beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.categorisation.bar import Held
from bench.categorisation.result import OVERALL, Result

DOCUMENT = Path("docs/categorisation.md")
PLOT = Path("docs/categorisation.svg")
START, END = "<!-- figures: make evaluate UPDATE=1 -->", "<!-- end of figures -->"
SIDE, EDGE = 320, 40
HEADING = (
    "| slice | rows | right | macro-F1 | top-3 | posts without asking | of those right | by weight | expense or not |"
    " calibration error |"
)


def write(result: Result, bars: Sequence[tuple[float, float, float]], held: Sequence[Held]) -> None:
    """Write the figures into the document and the plot beside it; raises ValueError where the marks are missing."""
    before, mark, rest = DOCUMENT.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{DOCUMENT} lacks the marks between which figures stand")
    figures = "\n".join(
        ["", *table(result), "", *streams(result), "", *bar_lines(bars, held), "", *mistakes(result), ""]
    )
    DOCUMENT.write_text(f"{before}{START}\n{figures}\n{END}{after}", "utf-8")
    PLOT.write_text(plot(result), "utf-8")


def table(result: Result) -> Iterator[str]:
    """Yield the table of all slices."""
    yield HEADING
    yield "|" + "---|" * 10
    for name, one in result["figures"].items():
        shares = {key: _interval(one[key]) for key in ("right", "top3", "coverage", "auto_right", "auto_expense_right")}
        cells = (
            name,
            str(one["rows"]),
            shares["right"],
            f"{one['macro_f1']:.2f}",
            shares["top3"],
            shares["coverage"],
            shares["auto_right"],
            f"{one['auto_right_by_weight']:.3f}",
            shares["auto_expense_right"],
            f"{one['calibration_error']:.3f}",
        )
        yield f"| {' | '.join(cells)} |"


def streams(result: Result) -> Iterator[str]:
    """Yield the table of streams with a user who answers."""
    yield "| stream of | transactions | right in the end | posted without asking | of those right | answer in three |"
    yield "|---|---|---|---|---|---|"
    for name, one in result["replay"].items():
        shares = ("right_in_the_end", "posted", "posted_right", "offered_when_asked")
        yield f"| {name} | {one['transactions']} | {' | '.join(f'{one[share]:.3f}' for share in shares)} |"


def bar_lines(bars: Sequence[tuple[float, float, float]], held: Sequence[Held]) -> Iterator[str]:
    """Yield what other bars would give, and what bars give to merchants that they were not chosen by."""
    yield "| bar | posts without asking | of those right |"
    yield "|---|---|---|"
    for bar, coverage, right in bars:
        yield f"| {bar:.2f} | {coverage:.3f} | {right:.3f} |"
    yield ""
    for one in held:
        chosen = ", ".join(f"{bar:.2f}" for bar in one.bars)
        yield (
            f"Chosen in four fifths of the merchants to reach {one.aim:.2f} ({chosen}), the bar posts"
            f" {one.coverage:.3f} of the fifth, {one.right:.3f} of that right."
        )


def mistakes(result: Result) -> Iterator[str]:
    """Yield the most frequent mistakes."""
    told = ", ".join(f"{label} taken for {category} ({rows})" for label, category, rows in result["confusions"])
    yield f"Most frequent mistakes: {told}."


def plot(result: Result) -> str:
    """Return the reliability plot: how often answers of a confidence are right; the line is where both are equal."""
    marks = "".join(_mark(rows, said, right) for _, rows, said, right in result["reliability"])
    end = EDGE + SIDE
    rows = result["figures"][OVERALL]["rows"]
    form = f'viewBox="0 0 {end + EDGE} {end + EDGE}" font-family="sans-serif" font-size="11"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {form}>
<title>How often {rows} answers were right, by the confidence they were given with</title>
<rect width="100%" height="100%" fill="#fff"/>
<path d="M{EDGE} {EDGE}V{end}H{end}" fill="none" stroke="#555"/>
<path d="M{EDGE} {end}L{end} {EDGE}" stroke="#bbb" stroke-dasharray="4"/>
{marks}<text x="{EDGE + SIDE / 2}" y="{end + 30}" text-anchor="middle">confidence</text>
<text x="14" y="{EDGE + SIDE / 2}" text-anchor="middle" transform="rotate(-90 14 {EDGE + SIDE / 2})">right</text>
<text x="{EDGE}" y="{end + 14}">0</text><text x="{end}" y="{end + 14}" text-anchor="end">1</text>
</svg>
"""


def _mark(rows: int, said: float, right: float) -> str:
    x, y, radius = EDGE + said * SIDE, EDGE + (1 - right) * SIDE, 3 + (rows**0.5) / 4
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#2b6cb0" fill-opacity=".7"/>'
        f'<text x="{x:.1f}" y="{y - radius - 3:.1f}" text-anchor="middle">{rows}</text>\n'
    )


def _interval(share: Sequence[float]) -> str:
    value, low, high = share
    return f"{value:.3f} [{low:.2f}-{high:.2f}]"
