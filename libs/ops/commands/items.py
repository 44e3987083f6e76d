"""`ops items`: find an item and its ids."""

from dataclasses import asdict
from typing import Annotated

import typer

from common.database import Database
from common.tables.link_api import STATUSES
from ops import printing
from ops.commands.arguments import MOST, Json, Most
from ops.session import Refused, run
from ops.store import integrations
from ops.store.integrations import Item

Statuses = Annotated[list[str] | None, typer.Option("--status", help=f"Of this status: {', '.join(STATUSES)}.")]


def show(status: Statuses = None, most: Most = MOST, as_json: Json = False) -> None:
    """List items: ids, user, institution, how they stand, and when they are due again."""

    async def look(database: Database) -> tuple[list[Item], int]:
        if unknown := set(status or ()).difference(STATUSES):
            raise Refused(f"No item can be {', '.join(sorted(unknown))}: there is {', '.join(STATUSES)}.")
        async with database.transaction() as session:
            return await integrations.some(session, status or (), most)

    found, total = run(look)
    if as_json:
        printing.dump(found)
        return
    printing.tabulate([asdict(item) for item in found], "No items.")
    printing.tell_rest(len(found), total)
