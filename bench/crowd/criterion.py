"""One thing that was asked for, beside what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.figure import Figure, figure

PREFIX = "crowd: "
WORDS = {True: "yes", False: "[bold red]NO[/]", None: "not measured here"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """`value` and `met` are None for what a load cannot tell."""

    name: str
    target: str
    remark: str
    unit: str = ""
    value: float | None = None
    met: bool | None = None

    def figures(self) -> list[Figure]:
        """Return it as a figure, where there is one."""
        if self.value is None:
            return []
        return [figure(PREFIX + self.name, self.unit, [self.value], target=self.target, remark=self.remark)]

    def row(self) -> tuple[str, str, str, str]:
        """Return its cells: criterion, target, measured, met."""
        measured = "" if self.value is None else f"{_number(self.value)} {self.unit}"
        return self.name, self.target, f"{measured}\n[dim]{self.remark}[/]".strip(), WORDS[self.met]


def at_least(name: str, value: float, bound: float, unit: str, remark: str) -> Criterion:
    """Return what must reach the bound."""
    return Criterion(name, f"≥ {bound:,g} {unit}", remark, unit, value, value >= bound)


def below(name: str, value: float, bound: float, unit: str, remark: str) -> Criterion:
    """Return what must stay below the bound."""
    return Criterion(name, f"< {bound:,g} {unit}", remark, unit, value, value < bound)


def none(name: str, value: int, unit: str, remark: str) -> Criterion:
    """Return what must not be."""
    return Criterion(name, "0", remark, unit, value, value == 0)


def table(criteria: Sequence[Criterion]) -> Table:
    """Return them for people."""
    made = Table(title="The criteria of success", show_lines=True)
    for heading in ("criterion", "target", "measured", "met"):
        made.add_column(heading)
    for one in criteria:
        made.add_row(*one.row())
    return made


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
