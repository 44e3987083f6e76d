"""`ops quarantine`: transactions that could not be used."""

from dataclasses import asdict
from typing import Annotated

import typer

from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Integration, Json, Most, id_of
from ops.session import Refused, run
from ops.store import quarantine
from ops.store.quarantine import Replay, Waiting

app = typer.Typer(help="Transactions that could not be used, and wait for another try.", no_args_is_help=True)

Everything = Annotated[bool, typer.Option("--all", help="Of every item.")]


@app.command("list")
def show(integration: Integration = None, most: Most = MOST, as_json: Json = False) -> None:
    """List what waits, with the reason."""

    async def look(database: Database) -> tuple[list[Waiting], int]:
        integration_id = await id_of(database, integration)
        async with database.transaction() as session:
            return await quarantine.some(session, integration_id, most)

    found, total = run(look)
    if as_json:
        printing.dump(found)
        return
    printing.tabulate([asdict(one) for one in found], "Nothing is in quarantine.")
    printing.tell_rest(len(found), total)


@app.command("replay")
def replay(integration: Integration = None, everything: Everything = False) -> None:
    """Read what waits once more, with the next sync of its item, which begins within seconds."""

    async def make_due(database: Database) -> Replay:
        if (integration is None) != everything:
            raise Refused("Say which: --integration ITEM, or --all.")
        integration_id = await id_of(database, integration)
        async with database.transaction() as session:
            return await quarantine.replay(session, integration_id)

    due = run(make_due)
    printing.tell(f"{due.transactions} transactions of {due.items} items are read again; `ops quarantine list` tells.")
    if waiting := due.items - due.soon:
        printing.tell(f"{waiting} of the items cannot be synced as they stand: theirs are read when that is mended.")
