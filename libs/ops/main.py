"""The operators' command: `python -m ops`. A command for each noun; each says what it does with --help.

Most need PostgreSQL alone: what they ask of the services they write there, with a line in `ops history`.
Exit codes: 0 done, 1 something is wrong with the data, 2 it was asked wrongly, 3 database or broker cannot serve.
"""

import typer

from ops.commands import (
    audit,
    dead,
    doctor,
    exchanges,
    history,
    item,
    items,
    keys,
    orphans,
    quarantine,
    status,
    sync,
    trace,
    usage,
    webhook_url,
)

app = typer.Typer(
    help="Look at a running CORA Bank Sync, and put right what is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print local variables
)
app.command("status")(status.show)
app.command("doctor")(doctor.examine)
app.command("items")(items.show)
app.command("orphans")(orphans.show)
app.command("sync")(sync.of_many)
app.command("audit")(audit.of_many)
app.command("trace")(trace.show)
app.command("history")(history.show)
app.command("usage")(usage.show)
app.add_typer(item.app, name="item")
app.add_typer(dead.app, name="dead")
app.add_typer(exchanges.app, name="exchanges")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(keys.app, name="keys")
app.add_typer(webhook_url.app, name="webhook-url")
