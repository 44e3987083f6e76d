"""`ops item resync`: read all of an item again."""

from typing import Annotated

import typer

from common.database import Database
from ops import printing
from ops.commands.arguments import Yes, found
from ops.session import Refused, deed, run
from ops.store import integrations, trail
from ops.store.integrations import Item

Name = Annotated[str, typer.Argument(metavar="ITEM", help="Our id of the item, or Plaid's.")]


def begin(item: Name, yes: Yes = False) -> None:
    """Read all of an item's history again from the beginning: what differs is written, what is gone is removed."""

    async def look(database: Database) -> Item:
        async with database.transaction() as session:
            return await found(session, item)

    async def begin_again(database: Database) -> None:
        async with database.transaction() as session:
            if not await integrations.begin_again(session, meant.id):
                raise Refused(f"Item {meant.id} is {meant.status}: Plaid would not tell us about it.")
            await trail.record(session, deed("item resync", trail.item(meant.id)))

    meant = run(look)
    if not yes:
        typer.confirm(f"Read all of item {meant.id} ({meant.institution}, user {meant.user_id}) again?", abort=True)
    run(begin_again)
    printing.tell(
        f"Item {meant.id} is read again from the beginning; `ops item show {meant.id}` tells when it is done."
    )
