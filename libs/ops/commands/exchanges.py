"""`ops exchanges`: links that broke off where Plaid may have made an item that nobody holds."""

from dataclasses import asdict
from typing import Annotated

import typer

from common.database import Database
from ops import printing
from ops.commands.arguments import MOST, Json, Most
from ops.session import Refused, deed, run
from ops.store import exchanges, trail
from ops.store.exchanges import Unended

app = typer.Typer(help="Exchanges of public tokens that began and never ended.", no_args_is_help=True)

LARGEST = 2**63 - 1
ADVICE = (
    "Plaid may bill an item for each: of that user, at that bank, made within two minutes of that time. Where item_id "
    "is not known, `ops orphans` may list it, or Plaid's dashboard. Ask Plaid's support to remove it, then: "
    "ops exchanges settle ID."
)


@app.command("list")
def show(most: Most = MOST, as_json: Json = False) -> None:
    """List exchanges that began and never ended: their process died, or Plaid's answer was lost."""

    async def look(database: Database) -> tuple[list[Unended], int]:
        async with database.transaction() as session:
            return await exchanges.some(session, most)

    found, total = run(look)
    if as_json:
        printing.dump(found)
        return
    printing.tabulate([asdict(one) for one in found], "Every exchange that began has ended.")
    printing.tell_rest(len(found), total)
    if found:
        printing.tell(ADVICE)


@app.command("settle")
def settle(exchange_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST)]) -> None:
    """Take one off the list whose item is removed at Plaid, or was never made."""

    async def forget(database: Database) -> None:
        async with database.transaction() as session:
            if not await exchanges.settle(session, exchange_id):
                raise Refused(f"There is no exchange {exchange_id} that began and never ended.")
            await trail.record(session, deed("exchanges settle", f"exchange {exchange_id}"))

    run(forget)
    printing.tell(f"Exchange {exchange_id} is settled.")
