"""`ops status`: everything on one screen, once or all the time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database, unavailable
from ops import printing
from ops.commands.arguments import Json
from ops.overview import Overview, look, troubles
from ops.screen import Screen
from ops.session import REFUSED, WRONG, fail, read, run
from ops.settings import StatusSettings

Watch = Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")]
Every = Annotated[float, typer.Option("--every", min=0.2, metavar="SECONDS", help="Between two looks.")]

AWAY = "PostgreSQL does not answer; this is how it was. `ops doctor` says why."


def show(watch: Watch = False, every: Every = 2.0, as_json: Json = False) -> None:
    """Show how everything stands, what is wrong, and the command that mends it. Ends with 1 when something is wrong."""
    settings = read(StatusSettings)
    amqp_url = settings.amqp_url.get_secret_value() if settings.amqp_url else None

    async def once(database: Database) -> Overview:
        return await look(database, settings.rate_limits, settings.sync_max_silence, amqp_url)

    async def always(database: Database) -> None:
        await _watch(lambda: once(database), every)

    if watch and as_json:
        fail("Say --watch or --json.", REFUSED)
    if watch:
        run(always)
        return
    seen = run(once)
    wrong = troubles(seen)
    if as_json:
        printing.dump_value(asdict(seen) | {"wrong": [asdict(one) for one in wrong]})
    else:
        printing.show(Screen(seen))
    if wrong:
        raise typer.Exit(WRONG)


async def _watch(once: Callable[[], Awaitable[Overview]], every: float) -> None:
    """Show it in place until Ctrl-C, which is how one ends it, and through outages of the database."""
    console, last = printing.console(), None
    live = Live(console=console, screen=console.is_terminal, auto_refresh=False)
    with live, suppress(asyncio.CancelledError):
        while True:
            try:
                last = Screen(await once())
                live.update(last, refresh=True)
            except (SQLAlchemyError, OSError) as error:
                if not unavailable(error):
                    raise
                live.update(Group(Text(AWAY, style="bold red"), last or ""), refresh=True)
            await asyncio.sleep(every)
