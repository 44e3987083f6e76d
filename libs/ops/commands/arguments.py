"""What several commands take, and how an item is found by it."""

from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from common.database import Database
from ops.session import Refused
from ops.store import integrations
from ops.store.integrations import Item

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Most = Annotated[int, typer.Option("--most", min=1, max=10_000, help="Print at most so many.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Integration = Annotated[str | None, typer.Option("--integration", metavar="ITEM", help="Of this item alone.")]

MOST = 100


async def found(session: AsyncSession, name: str) -> Item:
    """Return the item with this id, ours or Plaid's; raises Refused when there is none."""
    item = await integrations.find(session, name)
    if item is None:
        raise Refused(f"No item has the id {name}, neither ours nor Plaid's: `ops items` lists them.")
    return item


async def id_of(database: Database, name: str | None) -> int | None:
    """Return our id of the item that is named, if one is."""
    if name is None:
        return None
    async with database.transaction() as session:
        return (await found(session, name)).id
