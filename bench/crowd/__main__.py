"""`python -m bench.crowd`: a thousand users at once on real servers; exits 1 where a criterion is not met."""

import argparse
import asyncio
import sys
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.status import Status

from bench import report
from bench.crowd import criterion, verdict
from bench.crowd.plan import Plan
from bench.crowd.run import run
from bench.site import site

LINE_EVERY = 30.0
"""Seconds between two lines for whoever reads a log."""


class Ticker:
    """Tells how it goes: in one line that changes, or in a line now and then where the console is none."""

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status
        self._next = 0.0

    def __call__(self, text: str) -> None:
        """Tell it."""
        self._status.update(text)
        if not self._console.is_terminal and monotonic() >= self._next:
            self._next = monotonic() + LINE_EVERY
            self._console.print(text)


async def measure(plan: Plan, console: Console, folder: Path) -> bool:
    """Run it, print and write what was found, and return whether all that could be measured is met."""
    console.print(str(plan))
    with console.status("Starting ...") as status:
        async with site() as where:
            found = await run(where, plan, Ticker(console, status))
    criteria, figures = verdict.criteria(found), verdict.figures(found)
    console.print(report.table(figures[sum(len(one.figures()) for one in criteria) :]))
    console.print(criterion.table(criteria))
    console.print(f"Written to {report.write(figures, folder)}")
    return all(one.met is not False for one in criteria)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description="A thousand users at once.")
    parser.add_argument("--users", type=int, default=usual.users)
    parser.add_argument("--transactions", type=int, default=usual.transactions, help="of each user's bank")
    parser.add_argument("--minutes", type=float, default=usual.seconds / 60, help="of steady changes")
    parser.add_argument("--rate", type=float, default=usual.rate, help="changes a second")
    parser.add_argument("--kill-every", type=float, default=usual.kill_every, help="seconds between two kills")
    parser.add_argument("--results", type=Path, default=report.RESULTS, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    wanted = Plan(given.users, given.transactions, given.minutes * 60, given.rate, given.kill_every)
    sys.exit(0 if asyncio.run(measure(wanted, Console(), given.results)) else 1)
