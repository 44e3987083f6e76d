"""The control API of one Item: new, corrected and withdrawn transactions, and changes between a reader's pages."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.changes import Change, Created, Edited, Line, Spent, Withdrawn
from plaid_sandbox.core import Sandbox
from plaid_sandbox.items import Item
from plaid_sandbox.requests import Amount, Day, Part
from plaid_sandbox.routes.control import ROOT, find_item, known_error
from plaid_sandbox.routes.endpoint import Answer, reply
from plaid_sandbox.routes.sandbox import account_for
from plaid_sandbox.validation import body_of, parse
from plaid_sandbox.webhooks import payloads

PartT = TypeVar("PartT", bound=Part)
Handler = Callable[[Sandbox, Item, PartT], Answer]


class NewTransaction(Part):
    amount: Amount | None = None
    name: Annotated[str, Field(min_length=1)] = "The Home Depot"
    account_id: str | None = None
    date: Day | None = None
    pending: bool = False


class Edit(Part):
    transaction_id: str
    amount: Amount | None = None
    name: Annotated[str, Field(min_length=1)] | None = None
    date: Day | None = None


class Withdrawal(Part):
    transaction_ids: Annotated[list[str], Field(min_length=1)]


class Mutations(Part):
    times: Annotated[int, Field(ge=0, le=1000)] = 1


class Breakage(Part):
    error_code: str = "ITEM_LOGIN_REQUIRED"


class Webhook(Part):
    webhook_code: Annotated[str, Field(min_length=1)]


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        _on_item(sandbox, "transactions", NewTransaction, add),
        _on_item(sandbox, "transactions/edit", Edit, edit),
        _on_item(sandbox, "transactions/withdraw", Withdrawal, withdraw),
        _on_item(sandbox, "refresh", Part, refresh),
        _on_item(sandbox, "mutations", Mutations, mutate_between_pages),
        _on_item(sandbox, "break", Breakage, break_item),
        _on_item(sandbox, "repair", Part, repair),
        _on_item(sandbox, "webhooks", Webhook, ring),
    ]


def add(sandbox: Sandbox, item: Item, ask: NewTransaction) -> Answer:
    """Add one transaction; without an amount, a few pending purchases of the user's own habits."""
    today = sandbox.clock.now().date()
    if ask.amount is None:
        return _changed(sandbox, item, Spent(day=today))
    day = ask.date or today
    line = Line(
        account_id=account_for(item, ask.account_id).account_id,
        text=ask.name,
        amount=ask.amount,
        posted_on=day,
        authorized_on=day,
        pending=ask.pending,
    )
    return _changed(sandbox, item, Created(day=today, lines=(line,)))


def edit(sandbox: Sandbox, item: Item, ask: Edit) -> Answer:
    """Change a transaction in place; with nothing to change, send it again unchanged."""
    day = sandbox.clock.now().date()
    change = Edited(day=day, transaction_id=ask.transaction_id, amount=ask.amount, name=ask.name, posted_on=ask.date)
    return _changed(sandbox, item, change)


def withdraw(sandbox: Sandbox, item: Item, ask: Withdrawal) -> Answer:
    """Remove transactions, pending or posted."""
    change = Withdrawn(day=sandbox.clock.now().date(), transaction_ids=tuple(ask.transaction_ids))
    return _changed(sandbox, item, change)


def refresh(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Do as /transactions/refresh does."""
    sandbox.feed.refresh(item)
    return {}


def mutate_between_pages(_: Sandbox, item: Item, ask: Mutations) -> Answer:
    """Change the data behind each of the next so many unfinished pages: their loops must begin again."""
    item.mutations_due = ask.times
    return {"mutations_due": item.mutations_due}


def break_item(sandbox: Sandbox, item: Item, ask: Breakage) -> Answer:
    """Break the Item with this error until it is repaired; ITEM/ERROR tells of it."""
    sandbox.feed.fail(item, known_error(ask.error_code))
    return {"error_code": ask.error_code}


def repair(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Heal the Item as if its user had repaired it in another application; LOGIN_REPAIRED tells of it."""
    item.error = None
    item.repaired_at = sandbox.clock.now()
    sandbox.feed.ring(item, payloads.of_item(item, "LOGIN_REPAIRED"))
    return {}


def ring(sandbox: Sandbox, item: Item, ask: Webhook) -> Answer:
    """Send a webhook of any code, also of those that Plaid's own endpoint cannot fire."""
    sandbox.feed.ring(item, payloads.fired(item, ask.webhook_code, sandbox.clock.now(), 0))
    return {"webhook_fired": item.webhook is not None}


def _changed(sandbox: Sandbox, item: Item, change: Change) -> Answer:
    page = sandbox.feed.change(item, change)
    return {
        name: [row.transaction_id for row in rows]
        for name, rows in (("added", page.added), ("modified", page.modified), ("removed", page.removed))
    }


def _on_item(sandbox: Sandbox, path: str, model: type[PartT], handle: Handler[PartT]) -> Route:
    async def answer(request: Request) -> Response:
        item = find_item(sandbox, request)
        body = handle(sandbox, item, parse(await body_of(request), model))
        sandbox.durability.note()
        return await reply(sandbox, body)

    return Route(f"{ROOT}/items/{{item_id}}/{path}", answer, methods=["POST"])
