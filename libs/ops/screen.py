"""The overview on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops import printing
from ops.overview import HALF, LATE, MOST_OF_A_LIMIT, Depth, Overview, Trouble, name_of, troubles

BANKS = 6
LIMITS = 6
BAR = 16
TWO_COLUMNS = 110
"""Characters that the screen must have for them."""
WORDS = {0.5: "half synced within", 0.9: "90 % within", 0.99: "99 % within", 1.0: "all within"}
STYLES = {"active": "green", "login_required": "yellow", "revoked": "yellow", "paused": "yellow"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What is wrong first, then how much of everything there is; in two columns where there is room."""

    seen: Overview

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as it may be."""
        wrong = troubles(self.seen)
        yield _headline(self.seen, wrong)
        yield _wrong(wrong)
        panels = [
            _panel("Items", _items(self.seen)),
            _panel("Work", _work(self.seen)),
            _panel("Banks", _banks(self.seen)),
            _panel("Plaid's limits", _limits(self.seen)),
        ]
        if options.max_width < TWO_COLUMNS:
            yield from panels
            return
        rows = Table.grid(expand=True, padding=(0, 1, 0, 0))
        rows.add_column(ratio=1)
        rows.add_column(ratio=1)
        rows.add_row(*panels[:2])
        rows.add_row(*panels[2:])
        yield rows


def _headline(seen: Overview, wrong: Sequence[Trouble]) -> RenderableType:
    told = Text("All is well", style="bold green") if not wrong else Text(_count(wrong), style="bold red")
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    line.add_row(told, Text(f"{seen.census.at:%Y-%m-%d %H:%M:%S} UTC", style="dim"))
    return Padding(line, (0, 1))


def _count(wrong: Sequence[Trouble]) -> str:
    return printing.many(len(wrong), "thing is wrong", "things are wrong")


def _wrong(wrong: Sequence[Trouble]) -> RenderableType:
    table = Table.grid(padding=(0, 2), pad_edge=True)
    for one in wrong:
        table.add_row(
            Text("•", style="red"), Text(printing.cell(one.says)), Text(printing.cell(one.command), style="bold cyan")
        )
    return Padding(table, (0, 0, 1 if wrong else 0, 0))


def _panel(title: str, inside: RenderableType) -> Panel:
    return Panel(inside, title=title, title_align="left", border_style="dim", box=box.ROUNDED, padding=(0, 1))


def _items(seen: Overview) -> RenderableType:
    states = Table.grid(padding=(0, 2))
    states.add_column(justify="right")
    for state, count in seen.census.items.items():
        style = STYLES.get(state, "") if count else "dim"
        states.add_row(Text(f"{count:,}", style=style), Text(state.replace("_", " "), style=style))
    fresh = Table.grid(padding=(0, 1))
    fresh.add_column(no_wrap=True)
    fresh.add_column(no_wrap=True)
    for quantile, age in seen.census.freshness.items():
        fresh.add_row(
            Text(WORDS.get(quantile, f"{quantile:.0%} within"), style="dim"),
            Text(printing.span(age)),
        )
    reviews = seen.census.reviews
    fresh.add_row(Text("need review", style="dim"), f"{reviews.ratio:.1%}")
    fresh.add_row(Text("in quarantine", style="dim"), f"{seen.census.quarantined:,}")
    both = Table.grid(padding=(0, 4))
    both.add_row(states, fresh)
    return both


def _work(seen: Overview) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("queue", no_wrap=True)
    for name in ("waiting", "oldest", "dead", "workers"):
        table.add_column(name, justify="right")
    for one in seen.queues:
        table.add_row(one.queue, *_depth(one))
    late = "red" if seen.outbox.oldest > LATE else ""
    table.add_row(
        "outbox", f"{seen.outbox.waiting:,}", Text(_age(seen.outbox.oldest), style=late), f"{seen.outbox.buried:,}", "-"
    )
    return table


def _depth(one: Depth) -> list[RenderableType]:
    late = "red" if (one.oldest or 0) > LATE else ""
    return [
        _number(one.waiting),
        Text(_age(one.oldest), style=late),
        _number(one.dead, "red" if one.dead else ""),
        _number(one.consumers, "red" if one.consumers == 0 else ""),
    ]


def _number(value: int | None, style: str = "") -> Text:
    return Text("-" if value is None else f"{value:,}", style=style)


def _age(seconds: float | None) -> str:
    return "-" if not seconds else printing.span(seconds)


def _banks(seen: Overview) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("bank", no_wrap=True)
    for name in ("items", "failing"):
        table.add_column(name, justify="right")
    failing = [bank for bank in seen.census.institutions if bank.failing][:BANKS]
    for bank in failing:
        style = "red" if bank.failing_ratio >= HALF else ""
        named = printing.cell(name_of(seen, bank.institution_id))
        table.add_row(named, f"{bank.items:,}", Text(f"{bank.failing:,} ({bank.failing_ratio:.0%})", style=style))
    return table if failing else Text("No bank fails.", style="dim")


def _limits(seen: Overview) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    used = sorted((one for one in seen.census.limits_used if one.used > 0), key=lambda one: -one.used)[:LIMITS]
    for one in used:
        style = "red" if one.used >= MOST_OF_A_LIMIT else "cyan"
        bar = ProgressBar(total=1, completed=min(1.0, one.used), width=BAR, complete_style=style, finished_style=style)
        table.add_row(
            one.endpoint, bar, Text(f"{one.used:.0%}", style=style), Text(f"of {one.seconds:g} s", style="dim")
        )
    return table if used else Text("Plaid is not asked anything.", style="dim")
