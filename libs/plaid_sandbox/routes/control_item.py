"""The control API of one Item: new, changed and withdrawn transactions, changes between pages, injected errors."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, TypeVar

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.bank import transitions
from plaid_sandbox.bank.history import hold
from plaid_sandbox.bank.lines import described
from plaid_sandbox.bank.transactions import Transaction, kind_of
from plaid_sandbox.core import Sandbox
from plaid_sandbox.errors import CATALOGUE, PlaidError
from plaid_sandbox.items import InjectedError, Item
from plaid_sandbox.requests import Amount, Day, Part
from plaid_sandbox.routes.control import ROOT, find_item
from plaid_sandbox.routes.endpoint import Answer, reply
from plaid_sandbox.routes.sandbox import account_for
from plaid_sandbox.validation import body_of, parse

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


class ErrorOrder(Part):
    error_code: str
    calls: Annotated[int, Field(ge=1)] = 1
    path: str | None = None
    message: str | None = None


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        _on_item(sandbox, "transactions", NewTransaction, add),
        _on_item(sandbox, "transactions/edit", Edit, edit),
        _on_item(sandbox, "transactions/withdraw", Withdrawal, withdraw),
        _on_item(sandbox, "refresh", Part, refresh),
        _on_item(sandbox, "mutations", Mutations, mutate_between_pages),
        _on_item(sandbox, "errors", ErrorOrder, inject_error),
    ]


def add(sandbox: Sandbox, item: Item, ask: NewTransaction) -> Answer:
    """Add one transaction; without an amount, a few pending purchases of the user's own habits."""
    today = sandbox.clock.now().date()
    occasion = f"control {item.ledger.version}"
    if ask.amount is None:
        rows = transitions.arrivals(item.login, item.slots, occasion, today)
    else:
        key = item.login.identifier(occasion)
        row = described(key, account_for(item, ask.account_id), ask.name, ask.date or today, ask.amount)
        rows = [hold(row) if ask.pending else row]
    sandbox.feed.put(item, *rows)
    return {"transaction_ids": [row.transaction_id for row in rows]}


def edit(sandbox: Sandbox, item: Item, ask: Edit) -> Answer:
    """Change a transaction in place; with nothing to change, send it again unchanged."""
    row = _standing(item, ask.transaction_id)
    amount = row.amount if ask.amount is None else ask.amount
    edited = replace(
        row, amount=amount, kind=kind_of(row.category, amount), name=ask.name or row.name, date=ask.date or row.date
    )
    sandbox.feed.put(item, edited)
    return {"transaction_ids": [row.transaction_id]}


def withdraw(sandbox: Sandbox, item: Item, ask: Withdrawal) -> Answer:
    """Remove transactions, pending or posted."""
    rows = [_standing(item, transaction_id) for transaction_id in ask.transaction_ids]
    sandbox.feed.change(item, lambda: item.ledger.remove(row.transaction_id for row in rows))
    return {"transaction_ids": [row.transaction_id for row in rows]}


def refresh(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Do as /transactions/refresh does."""
    sandbox.feed.refresh(item)
    return {}


def mutate_between_pages(_: Sandbox, item: Item, ask: Mutations) -> Answer:
    """Change the data behind each of the next so many unfinished pages: their loops must begin again."""
    item.mutations_due = ask.times
    return {"mutations_due": item.mutations_due}


def inject_error(_: Sandbox, item: Item, ask: ErrorOrder) -> Answer:
    """Let the next calls about this Item fail with this code, at one path or at all."""
    if ask.error_code not in CATALOGUE:
        raise PlaidError("INVALID_FIELD", f"error_code: {ask.error_code} is no code of Plaid's")
    item.injected.append(InjectedError(PlaidError(ask.error_code, ask.message), ask.calls, ask.path))
    return {"error_code": ask.error_code, "calls": ask.calls}


def _standing(item: Item, transaction_id: str) -> Transaction:
    row = item.ledger.find(transaction_id)
    if row is None:
        raise PlaidError("NOT_FOUND", "no such transaction")
    return row


def _on_item(sandbox: Sandbox, path: str, model: type[PartT], handle: Handler[PartT]) -> Route:
    async def answer(request: Request) -> Response:
        item = find_item(sandbox, request)
        return reply(sandbox, handle(sandbox, item, parse(await body_of(request), model)))

    return Route(f"{ROOT}/items/{{item_id}}/{path}", answer, methods=["POST"])
