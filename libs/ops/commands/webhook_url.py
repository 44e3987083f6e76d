"""`ops webhook-url`: have Plaid post the webhooks of all items to another address."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from common.budget.postgres import PostgresBudget
from common.database import Database
from common.plaid import Credentials, PlaidClient
from common.sealing import Vault
from ops import printing
from ops.addresses import trouble_of
from ops.commands.arguments import DryRun, Json, Yes
from ops.progress import bar
from ops.recorded import recorded
from ops.retargeting import AT_ONCE, Outcome, Retargeting
from ops.session import WRONG, Refused, deed, read, run
from ops.settings import CallSettings, beside_us
from ops.store import webhook_urls
from ops.store.webhook_urls import State

app = typer.Typer(help="Where Plaid posts webhooks.", no_args_is_help=True)

Url = Annotated[str, typer.Argument(metavar="URL", help="https://<your host>/api/plaid/webhook")]

FIRST = (
    "PLAID_WEBHOOK_URL is {found} here. Set it to the new URL and restart link_api first: banks that are linked until "
    "then keep the one that it has."
)
LEFT_OUT = "{items} left out: Plaid takes their tokens no more ({statuses})."
HOPELESS = "Stopped: so many in a row failed that going on is no use. See what Plaid says (`ops doctor`), and repeat."


@app.callback()
def nouns() -> None:
    """Keep `set` a word of its own while it is the only one."""


@app.command("set")
def change(url: Url, dry_run: DryRun = False, yes: Yes = False, as_json: Json = False) -> None:
    """Tell Plaid for every item to post its webhooks here; may be broken off and repeated at any time.

    Items that have the URL already are passed over. Ends with 0 only when Plaid took it for all that it still serves.
    """
    settings = read(CallSettings)

    async def look(database: Database) -> list[State]:
        if trouble := trouble_of(url, at_home=beside_us(settings)):
            raise Refused(f"The URL {trouble}.")
        async with database.transaction() as session:
            return await webhook_urls.states(session, url)

    states = run(look)
    to_tell = sum(state.to_tell for state in states)
    if not as_json or dry_run:
        printing.dump(states) if as_json else printing.tabulate([asdict(state) for state in states], "No items.")
    _tell_what_is_left_out(states)
    if settings.plaid_webhook_url != url:
        printing.tell(FIRST.format(found=settings.plaid_webhook_url or "not set"))
    if dry_run:
        return
    if to_tell and not yes:
        items = printing.many(to_tell, "item")
        typer.confirm(f"Tell Plaid of {items} that webhooks go to {url}?", abort=True, err=True)
    _report(_carry_out(settings, url, to_tell), as_json=as_json)


def _carry_out(settings: CallSettings, url: str, to_tell: int) -> Outcome:
    credentials = Credentials(settings.plaid_client_id, settings.plaid_secret, settings.plaid_host)
    vault, what = Vault(settings.plaid_encryption_key), deed("webhook-url set", url=url)

    async def tell(database: Database) -> Outcome:
        plaid = PlaidClient(credentials, PostgresBudget(database, settings.rate_limits), concurrency=AT_ONCE)
        with bar("Telling Plaid", to_tell) as advance:
            return await recorded(database, what, Retargeting(database, plaid, vault, url).run(advance), _outcome)

    return run(tell)


def _outcome(outcome: Outcome) -> str:
    return f"{outcome.told} told, {len(outcome.refused)} refused{', stopped' if outcome.hopeless else ''}"


def _tell_what_is_left_out(states: Sequence[State]) -> None:
    out = [state for state in states if state.status not in webhook_urls.REACHED]
    if count := sum(state.items for state in out):
        statuses = ", ".join(f"{state.items} {state.status}" for state in out)
        printing.tell(LEFT_OUT.format(items=printing.many(count, "item is", "items are"), statuses=statuses))


def _report(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        printing.dump(outcome.refused)
    elif outcome.refused:
        printing.tabulate([asdict(one) for one in outcome.refused], "")
    printing.tell(f"Plaid took the URL for {printing.many(outcome.told, 'item')}, and for {len(outcome.refused)} not.")
    if outcome.hopeless:
        printing.tell(HOPELESS)
    if outcome.refused:
        raise typer.Exit(WRONG)
