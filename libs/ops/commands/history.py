"""`ops history`: what operators changed."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Integration, Json, Most, id_of
from ops.session import run
from ops.store import trail
from ops.store.trail import Entry

By = Annotated[str | None, typer.Option("--by", metavar="OPERATOR", help="By this operator alone.")]


def show(integration: Integration = None, by: By = None, most: Most = MOST, as_json: Json = False) -> None:
    """List what operators changed by these commands, newest first: when, who, what, to what, and how it ended."""

    async def look(database: Database) -> list[Entry]:
        integration_id = await id_of(database, integration)
        subject = None if integration_id is None else trail.item(integration_id)
        async with database.transaction() as session:
            return await trail.some(session, most, subject=subject, operator=by)

    found = run(look)
    if as_json:
        printing.dump(found)
    else:
        printing.tabulate([_row(entry) for entry in found], "Nothing was changed by these commands.")


def _row(entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"arguments": json.dumps(entry.arguments), "outcome": entry.outcome or "not ended"}
