"""`ops audit` and `ops item audit`: whether what we hold is what Plaid says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import AsyncSession

from common.database import Database
from ops import printing
from ops.commands.arguments import Json, found
from ops.session import REFUSED, WRONG, Refused, deed, fail, run
from ops.store import audits, trail
from ops.store.audits import Audit

Name = Annotated[str, typer.Argument(metavar="ITEM", help="Our id of the item, or Plaid's.")]
User = Annotated[int | None, typer.Option("--user", help="All items of this user.")]
Everything = Annotated[bool, typer.Option("--all", help="All items.")]
Heal = Annotated[bool, typer.Option("--heal", help="Read again all of an item where something differs.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the results.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, metavar="SECONDS", help="Wait at most so long.")]

EVERY = 0.5
"""Seconds between two looks at how far it is."""
SHOWN = ("compared", "missing", "extra", "different", "quarantined")


PATIENCE = 3600.0


def of_item(
    item: Name, heal: Heal = False, wait: Wait = True, timeout: Timeout = PATIENCE, as_json: Json = False
) -> None:
    """Compare all that Plaid says of an item with all that we hold of it.

    Ends with 0 only when it was found equal, or was read anew since. Ask again to know what that left.
    """
    _audit(lambda database: _order_one(database, item, heal=heal), timeout if wait else None, as_json=as_json)


def of_many(  # noqa: PLR0917 - typer calls it by name
    user: User = None,
    everything: Everything = False,
    heal: Heal = False,
    wait: Wait = True,
    timeout: Timeout = PATIENCE,
    as_json: Json = False,
) -> None:
    """Compare all that Plaid says of a user's items, or of all, with all that we hold of them.

    Ends with 0 only when each item was found equal, or was read anew since. Ask again to know what that left.
    """
    if (user is not None) == everything:
        fail("Say which: --user N, or --all. Of one item: ops item audit ITEM.", REFUSED)
    _audit(lambda database: _order_many(database, user, heal=heal), timeout if wait else None, as_json=as_json)


def _audit(order: Callable[[Database], Awaitable[Sequence[int]]], timeout: float | None, *, as_json: bool) -> None:
    async def work(database: Database) -> list[Audit]:
        ids = await order(database)
        if timeout is not None:
            await _wait(database, ids, timeout, shown=not as_json)
        async with database.transaction() as session:
            return await audits.results(session, ids)

    results = run(work)
    printing.dump(results) if as_json else _print(results)
    if timeout is not None and not all(one.good for one in results):
        raise typer.Exit(WRONG)


async def _order_one(database: Database, item: str, *, heal: bool) -> Sequence[int]:
    async with database.transaction() as session:
        meant = await found(session, item)
        ids = await audits.order(session, heal=heal, integration_id=meant.id)
        if not ids:
            raise Refused(f"Item {meant.id} is {meant.status}: Plaid would not tell us about it.")
        await trail.record(session, deed("item audit", trail.item(meant.id), heal=heal), f"audit {ids[0]} ordered")
    return ids


async def _order_many(database: Database, user: int | None, *, heal: bool) -> Sequence[int]:
    async with database.transaction() as session:
        ids = await audits.order(session, heal=heal, user_id=user, everything=user is None)
        if user is not None and not ids:
            raise Refused(f"User {user} has no connected items.")
        subject = f"user {user}" if user is not None else None
        await trail.record(session, deed("audit", subject, heal=heal), f"{printing.many(len(ids), 'audit')} ordered")
    return ids


async def _wait(
    database: Database,
    ids: Sequence[int],
    timeout: float,  # noqa: ASYNC109 - ends in a report
    *,
    shown: bool,
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=printing.console(stderr=True), transient=True, disable=not shown) as progress:
        try:
            async with asyncio.timeout(timeout):
                await _watch(database, ids, progress, "Comparing", audits.left)
                await _watch(database, ids, progress, "Reading anew", audits.rereading)
        except TimeoutError:
            printing.tell(f"Not done after {timeout:g} s. What was ordered stands; is a sync_worker running?")


async def _watch(
    database: Database,
    ids: Sequence[int],
    progress: Progress,
    what: str,
    count: Callable[[AsyncSession, Sequence[int]], Awaitable[int]],
) -> None:
    """Return when the count is zero; meanwhile move a bar."""
    bar, most = progress.add_task(what, total=None), 0
    while True:
        async with database.transaction() as session:
            left = await count(session, ids)
        most = max(most, left)
        progress.update(bar, total=most, completed=most - left, visible=most > 0)
        if left == 0:
            return
        await asyncio.sleep(EVERY)


def _print(results: Sequence[Audit]) -> None:
    rows = [
        {"item": one.integration_id, "institution": one.institution, "outcome": one.outcome}
        | {name: value for name, value in asdict(one).items() if name in SHOWN}
        for one in results
    ]
    printing.tabulate(rows, "No items to audit.")
    samples = [
        {"item": one.integration_id, "transaction": difference["transaction_id"], "is": difference["kind"]}
        for one in results
        for difference in one.sample
    ]
    if samples:
        printing.console().print()
        printing.tabulate(samples, "")
