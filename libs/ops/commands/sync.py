"""`ops sync`: read the news of many items."""

from typing import Annotated

import typer

from common.database import Database
from ops import printing
from ops.progress import bar
from ops.session import Refused, deed, run
from ops.store import syncs, trail

EACH = 5_000
"""Items of one transaction."""

Everything = Annotated[bool, typer.Option("--all", help="Every item.")]


def of_many(everything: Everything = False) -> None:
    """Read the news of every item within minutes, as after a restore or a RabbitMQ that was lost: nothing waits longer.

    Sweeps ring for them, some hundred a second, behind whatever people wait for. One item: `ops item sync`.
    """

    async def make_due(database: Database) -> int:
        if not everything:
            raise Refused("Say which: --all, or `ops item sync ITEM` for one.")
        async with database.transaction() as session:
            total = await syncs.count(session)
            await trail.record(session, deed("sync", all=True))
        done, last = 0, 0
        with bar("Making due", total) as advance:
            while True:
                async with database.transaction() as session:
                    some, last = await syncs.make_due(session, last, EACH)
                if not some:
                    return done
                done += some
                advance(some)

    due = run(make_due)
    items = printing.many(due, "item is", "items are")
    printing.tell(f"{items} due, to be read as the sweeps come; `ops status` tells how many wait.")
