"""Levers of how clients read an Item: its pages, its cursors, and what changes between two pages."""

from typing import Annotated, Any

from pydantic import Field

from plaid_sandbox.changes import CursorsRefused, Paged
from plaid_sandbox.control.levers import ItemLever
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.items import Item
from plaid_sandbox.requests import Part
from plaid_sandbox.sync import Paging


class Pages(Part):
    size: Annotated[int, Field(ge=1, le=500)] | None = None
    order: Annotated[str, Field(pattern=r"^(log|removed_first|removed_last|shuffled:\d{1,9})$")] = "log"


class Mutations(Part):
    times: Annotated[int, Field(ge=0, le=1000)] = 1


def cut_pages(sandbox: Sandbox, item: Item, ask: Pages) -> Answer:
    """Cut this Item's updates into such pages, from the next loop on; with nothing, as the client asks again."""
    sandbox.feed.change(item, Paged(paging=Paging(ask.size, ask.order)))
    return ask.model_dump()


def refuse_cursors(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Forget all cursors that were handed out: readers must begin again without one."""
    sandbox.feed.change(item, CursorsRefused())
    return {}


def mutate_between_pages(_: Sandbox, item: Item, ask: Mutations) -> Answer:
    """Change the data behind each of the next so many unfinished pages: their loops must begin again."""
    item.mutations_due = ask.times
    return {"mutations_due": item.mutations_due}


LEVERS: list[ItemLever[Any]] = [
    ItemLever("pages", Pages, cut_pages),
    ItemLever("cursors/refuse", Part, refuse_cursors),
    ItemLever("mutations", Mutations, mutate_between_pages),
]
