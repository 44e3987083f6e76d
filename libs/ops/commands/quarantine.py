"""`ops quarantine`: transactions that could not be used."""

from dataclasses import asdict
from typing import Annotated

import typer

from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Integration, Json, Most, id_of
from ops.session import Refused, deed, run
from ops.store import quarantine, trail
from ops.store.quarantine import Replay, Waiting

app = typer.Typer(help="Transactions that could not be used, and wait for another try.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option("--reason", metavar="WORDS", help="With these words in the reason.")]
Everything = Annotated[bool, typer.Option("--all", help="Of every item.")]


@app.command("list")
def show(integration: Integration = None, reason: Reason = None, most: Most = MOST, as_json: Json = False) -> None:
    """List what waits, with the reason."""

    async def look(database: Database) -> tuple[list[Waiting], int]:
        integration_id = await id_of(database, integration)
        async with database.transaction() as session:
            return await quarantine.some(session, integration_id, reason, most)

    found, total = run(look)
    if as_json:
        printing.dump(found)
        return
    printing.tabulate([asdict(one) for one in found], "Nothing is in quarantine.")
    printing.tell_rest(len(found), total)


@app.command("replay")
def replay(integration: Integration = None, reason: Reason = None, everything: Everything = False) -> None:
    """Read what waits once more, with the next sync of its item, which begins within seconds."""

    async def make_due(database: Database) -> Replay:
        if (integration is None) != everything:
            raise Refused("Say which: --integration ITEM, or --all.")
        integration_id = await id_of(database, integration)
        async with database.transaction() as session:
            due = await quarantine.replay(session, integration_id, reason)
            subject = None if integration_id is None else trail.item(integration_id)
            outcome = f"{_counted(due)} due"
            await trail.record(session, deed("quarantine replay", subject, reason=reason), outcome)
            return due

    due = run(make_due)
    printing.tell(f"{_counted(due)} read again; `ops quarantine list` tells.")
    if waiting := due.items - due.soon:
        printing.tell(f"{waiting} of the items cannot be synced as they stand: theirs are read when that is mended.")


def _counted(due: Replay) -> str:
    are = "is" if due.transactions == 1 else "are"
    return f"{printing.many(due.transactions, 'transaction')} of {printing.many(due.items, 'item')} {are}"
