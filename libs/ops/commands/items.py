"""`ops items`: find an item and its ids."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from common.database import Database
from ops import durations, printing
from ops.commands.arguments import MOST, Json, Most
from ops.session import Refused, run
from ops.store import integrations
from ops.store.integrations import MOST_COUNTED, STANDINGS, Item, Wanted

Statuses = Annotated[list[str] | None, typer.Option("--status", help=f"That are so: {', '.join(STANDINGS)}.")]
Institution = Annotated[str | None, typer.Option("--institution", metavar="BANK", help="Of this bank: id or name.")]
Silent = Annotated[
    timedelta | None,
    typer.Option("--silent", metavar="6h", parser=durations.parse, help="Without a sync that succeeded for longer."),
]


def show(
    status: Statuses = None,
    institution: Institution = None,
    silent: Silent = None,
    most: Most = MOST,
    as_json: Json = False,
) -> None:
    """List items: ids, user, institution, how they stand, and when they are due again.

    --silent alone is of active items, which should not be; the longest silent come first.
    """

    async def look(database: Database) -> tuple[list[Item], int]:
        if unknown := set(status or ()).difference(STANDINGS):
            raise Refused(f"No item can be {', '.join(sorted(unknown))}: there is {', '.join(STANDINGS)}.")
        async with database.transaction() as session:
            return await integrations.some(session, Wanted(status or (), institution, silent), most)

    found, total = run(look)
    if as_json:
        printing.dump(found)
        return
    printing.tabulate([asdict(item) for item in found], "No items.")
    printing.tell_rest(len(found), total, or_more=total == MOST_COUNTED)
