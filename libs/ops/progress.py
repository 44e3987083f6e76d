"""How far long work is: a bar for whoever waits, on stderr, gone when it is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops import printing

Advance = Callable[[int], None]
"""Told how many more are done."""


@contextmanager
def bar(what: str, total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show a bar within the block, unless nobody looks; yield what moves it on by so many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=printing.console(stderr=True), transient=True, disable=not shown) as progress:
        task = progress.add_task(what, total=total)
        yield lambda more: progress.advance(task, more)
