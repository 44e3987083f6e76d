"""`ops item`: one item, looked at or put right."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from common.database import Database
from ops import printing
from ops.advice import next_step
from ops.commands import audit, resync
from ops.commands.arguments import Json, found
from ops.session import Refused, deed, run, settings
from ops.store import audits, pauses, trail
from ops.store import item as items
from ops.store.audits import Audit
from ops.store.integrations import PAUSED, Item
from ops.store.item import Whole

app = typer.Typer(help="One item: look at it, sync, pause, resume, audit, read it anew.", no_args_is_help=True)
app.command("audit")(audit.of_item)
app.command("resync")(resync.begin)

Name = Annotated[str, typer.Argument(metavar="ITEM", help="Our id of the item, or Plaid's.")]

NEVER = "none: the next sync reads from the beginning"


@app.command("show")
def show(item: Name, as_json: Json = False) -> None:
    """Tell all about an item: how it stands, why, what to do, and what waits for what."""
    limits = settings().rate_limits

    async def look(database: Database) -> tuple[Whole, Audit | None]:
        async with database.transaction() as session:
            whole = await items.whole(session, (await found(session, item)).id, limits)
            results = await audits.results(session, [whole.audit_id] if whole.audit_id else [])
            return whole, results[0] if results else None

    whole, last_audit = run(look)
    facts = _facts(whole, last_audit)
    lists: dict[str, list[dict[str, Any]]] = {
        "accounts": [dict(row) for row in whole.accounts],
        "notifications": [dict(row) for row in whole.notifications],
        "limits": [asdict(held) for held in whole.budget],
        "syncs": [dict(row) for row in whole.syncs],
    }
    if as_json:
        printing.dump_value(facts | lists)
        return
    printing.describe(facts)
    for name, rows in lists.items():
        if rows:
            printing.console().print(f"\n{name}")
            printing.tabulate(rows, "")


def _facts(whole: Whole, last_audit: Audit | None) -> dict[str, Any]:
    """Return what is one to a line, what matters most first."""
    item = dict(whole.item)
    has_cursor = item.pop("has_cursor")
    return (
        {"next_step": next_step(item, limited=bool(whole.budget))}
        | item
        | {
            "cursor_of": (item["last_sync_at"] or "its first pages") if has_cursor else NEVER,
            "last_audit": f"{last_audit.outcome} (audit {last_audit.audit_id})" if last_audit else None,
        }
    )


@app.command("sync")
def sync(item: Name) -> None:
    """Read an item's news now, as if its user had asked for it."""

    async def ask(session: AsyncSession, meant: Item) -> None:
        if meant.status == PAUSED:
            raise Refused(f"Item {meant.id} is paused: `ops item resume {meant.id}` lets it go on, and syncs it.")
        if meant.status not in {"active", "login_required"}:
            raise Refused(f"Item {meant.id} is {meant.status}: Plaid would not tell us about it.")
        await pauses.ring(session, meant.id)

    meant = _change("item sync", item, ask)
    printing.tell(f"Item {meant.id} is rung for; `ops item show {meant.id}` tells what became of it.")


@app.command("pause")
def pause(item: Name) -> None:
    """Let no sync of an item begin or commit until it is resumed; what rings meanwhile is counted, nothing is lost."""

    async def stop(session: AsyncSession, meant: Item) -> None:
        if not await pauses.pause(session, meant.id):
            raise Refused(f"Item {meant.id} is {meant.status} already.")

    meant = _change("item pause", item, stop)
    printing.tell(f"Item {meant.id} is paused; `ops item resume {meant.id}` lets it go on.")


@app.command("resume")
def resume(item: Name) -> None:
    """Let a paused item go on: it is synced at once."""

    async def let_go(session: AsyncSession, meant: Item) -> None:
        if not await pauses.resume(session, meant.id):
            raise Refused(f"Item {meant.id} is not paused.")

    meant = _change("item resume", item, let_go)
    printing.tell(f"Item {meant.id} goes on; `ops item show {meant.id}` tells how.")


def _change(command: str, name: str, work: Callable[[AsyncSession, Item], Awaitable[None]]) -> Item:
    """Change the item that is named and write it down, in one transaction; return how the item was."""

    async def change(database: Database) -> Item:
        async with database.transaction() as session:
            meant = await found(session, name)
            await work(session, meant)
            await trail.record(session, deed(command, trail.item(meant.id)))
            return meant

    return run(change)
