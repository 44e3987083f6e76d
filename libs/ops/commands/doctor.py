"""`ops doctor`: whether everything that we stand on is well, and what to do where it is not."""

import asyncio
from collections.abc import Sequence

import typer

from ops import printing
from ops.checks import rounds
from ops.checks.finding import Finding, Outcome
from ops.checks.settings import Known
from ops.commands.arguments import Json
from ops.session import WRONG

STYLES = {Outcome.OK: "green", Outcome.WARN: "yellow", Outcome.FAIL: "bold red", Outcome.SKIPPED: "dim"}


def examine(as_json: Json = False) -> None:
    """Look at settings, servers, migrations, keys, clocks, Plaid and our addresses; say what to do about each.

    Changes nothing. Ends with 0 when nothing has failed, with 1 else; what is only to be watched fails nothing.
    """
    found = asyncio.run(rounds.go(Known()))
    printing.dump(found) if as_json else _print(found)
    if any(one.outcome is Outcome.FAIL for one in found):
        raise typer.Exit(WRONG)


def _print(found: Sequence[Finding]) -> None:
    out = printing.console()
    widest = max(len(one.check) for one in found)
    for one in found:
        out.print(f"{one.outcome:<8}", style=STYLES[one.outcome], end="")
        out.print(f"{printing.cell(one.check):<{widest}}  {printing.cell(one.says)}", soft_wrap=True)
        if one.remedy:
            out.print(f"{'':8}{'':{widest}}  → {one.remedy}", soft_wrap=True)
