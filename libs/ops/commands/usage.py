"""`ops usage`: how much of Plaid's rate limits is used."""

from dataclasses import asdict

from common.budget.tally import Usage, usage
from common.database import Database
from ops import printing
from ops.commands.arguments import Json
from ops.session import run, settings


def show(as_json: Json = False) -> None:
    """Show the calls of each of Plaid's endpoints within 24 hours, beside what may be asked of it in a minute."""
    limits = settings().rate_limits

    async def look(database: Database) -> list[Usage]:
        async with database.transaction() as session:
            return await usage(session, limits)

    found = run(look)
    if as_json:
        printing.dump(found)
    else:
        printing.tabulate([asdict(one) for one in found], "Plaid was not asked anything within 24 hours.")
