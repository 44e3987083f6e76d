"""Levers of transactions: they come, change, go, come back, and are garbled on their way."""

from typing import Annotated, Any

from pydantic import Field

from plaid_sandbox import rendering
from plaid_sandbox.changes import Change, Created, Edited, Garbled, Line, RemovalsEchoed, Restored, Spent, Withdrawn
from plaid_sandbox.control.fields import Category, InCurrency, Money, Name
from plaid_sandbox.control.levers import ItemLever
from plaid_sandbox.control.references import account_of, transaction_of
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer, encode
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.rendering import Form
from plaid_sandbox.requests import Day, Part


class NewTransaction(InCurrency):
    amount: Money | None = None
    name: Name = "The Home Depot"
    account_id: str | None = None
    date: Day | None = None
    pending: bool = False
    pending_transaction_id: str | None = None
    category: Category | None = None


class Edit(InCurrency):
    transaction_id: str
    amount: Money | None = None
    name: Name | None = None
    date: Day | None = None
    account_id: str | None = None
    category: Category | None = None


class Several(Part):
    transaction_ids: Annotated[list[str], Field(min_length=1)]


class Echo(Several):
    account_id: str | None = None


class Odd(Part):
    transaction_id: str
    fields: Annotated[dict[str, Any], Field(default_factory=dict)]
    drop: Annotated[list[str], Field(default_factory=list)]


def add(sandbox: Sandbox, item: Item, ask: NewTransaction) -> Answer:
    """Add one transaction; without an amount, a few pending purchases of the user's own habits."""
    today = sandbox.clock.now().date()
    if ask.amount is None:
        return _changed(sandbox, item, Spent(day=today))
    day = ask.date or today
    line = Line(
        account_id=account_of(item, ask.account_id).account_id,
        text=ask.name,
        posted_on=day,
        authorized_on=day,
        **ask.model_dump(exclude={"account_id", "name", "date"}),
    )
    return _changed(sandbox, item, Created(lines=(line,)))


def edit(sandbox: Sandbox, item: Item, ask: Edit) -> Answer:
    """Change a transaction in place; with nothing to change, send it again unchanged."""
    change = Edited(
        transaction_id=transaction_of(item, ask.transaction_id).transaction_id,
        account_id=account_of(item, ask.account_id).account_id if ask.account_id else None,
        posted_on=ask.date,
        **ask.model_dump(exclude={"transaction_id", "account_id", "date"}),
    )
    return _changed(sandbox, item, change)


def withdraw(sandbox: Sandbox, item: Item, ask: Several) -> Answer:
    """Remove transactions, pending or posted."""
    ids = tuple(transaction_of(item, one).transaction_id for one in ask.transaction_ids)
    return _changed(sandbox, item, Withdrawn(transaction_ids=ids))


def echo_removals(sandbox: Sandbox, item: Item, ask: Echo) -> Answer:
    """Tell removals once more, or of ids that nobody knows; those can be restored, so that they come after all."""
    if standing := [one for one in ask.transaction_ids if item.book.ledger.find(one)]:
        raise PlaidError("INVALID_FIELD", f"transaction_ids: {', '.join(standing)} stands, withdraw it")
    change = RemovalsEchoed(
        day=sandbox.clock.now().date(),
        transaction_ids=tuple(ask.transaction_ids),
        account_id=account_of(item, ask.account_id).account_id,
    )
    return _changed(sandbox, item, change)


def restore(sandbox: Sandbox, item: Item, ask: Several) -> Answer:
    """Show withdrawn transactions again under their old ids."""
    if stray := [one for one in ask.transaction_ids if not item.book.ledger.was_withdrawn(one)]:
        raise PlaidError("NOT_FOUND", f"not withdrawn: {', '.join(stray)}")
    return _changed(sandbox, item, Restored(transaction_ids=tuple(ask.transaction_ids)))


def garble(sandbox: Sandbox, item: Item, ask: Odd) -> Answer:
    """Send a transaction with these fields and without those, exactly as given; with neither in plain form again."""
    row = transaction_of(item, ask.transaction_id)
    source = item.book.ledger.accounts[row.account_id]
    known = rendering.plain(row, source, Form(original_description=True))
    if stray := set(ask.drop) - known.keys() | set(ask.drop) & ask.fields.keys():
        raise PlaidError("INVALID_FIELD", f"drop: {', '.join(sorted(stray))} is not sent, or given too")
    fields = {name: encode(value) for name, value in ask.fields.items()}
    change = Garbled(transaction_id=row.transaction_id, fields=fields, drop=tuple(ask.drop))
    return _changed(sandbox, item, change)


def _changed(sandbox: Sandbox, item: Item, change: Change) -> Answer:
    page = sandbox.feed.change(item, change)
    return {
        name: [row.transaction_id for row in rows]
        for name, rows in (("added", page.added), ("modified", page.modified), ("removed", page.removed))
    }


LEVERS: list[ItemLever[Any]] = [
    ItemLever("transactions", NewTransaction, add),
    ItemLever("transactions/edit", Edit, edit),
    ItemLever("transactions/withdraw", Several, withdraw),
    ItemLever("transactions/echo_removals", Echo, echo_removals),
    ItemLever("transactions/restore", Several, restore),
    ItemLever("transactions/odd", Odd, garble),
]
