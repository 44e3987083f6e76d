"""The control API, ours and without credentials: every lever by HTTP, and a look at what the bank knows."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.control import catalogue
from plaid_sandbox.control.accounts import shown
from plaid_sandbox.control.levers import ItemLever, Lever
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer, number
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item, instant
from plaid_sandbox.routes.answers import reply
from plaid_sandbox.routes.endpoint import get, post
from plaid_sandbox.validation import body_of, parse

ROOT = "/sandbox_control"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        get(sandbox, f"{ROOT}/items", list_items),
        get(sandbox, f"{ROOT}/items/{{item_id}}/truth", truth),
        get(sandbox, f"{ROOT}/webhooks", list_deliveries),
        get(sandbox, f"{ROOT}/outages", list_outages),
        get(sandbox, f"{ROOT}/rate_limits", list_counts),
        *(_pulled(sandbox, lever) for lever in catalogue.OF_ALL.values()),
        *(_pulled_on_item(sandbox, lever) for lever in catalogue.OF_ITEMS.values()),
    ]


async def list_items(sandbox: Sandbox, _: Request) -> Answer:
    """Return all Items that were not removed."""
    return {"items": [_summary(item) for item in sandbox.registry]}


async def truth(sandbox: Sandbox, request: Request) -> Answer:
    """Return the accounts and every transaction that a complete sync would hold now, with what the bank knows of it."""
    item = find_item(sandbox, request)
    return _summary(item) | {
        "accounts": [shown(item, account) for account in item.book.accounts],
        "transactions": [_known(item, row) for row in item.book.transactions()],
    }


async def list_deliveries(sandbox: Sandbox, _: Request) -> Answer:
    """Return the latest attempts to deliver webhooks, oldest first, and the faults that are on."""
    attempts = [asdict(delivery) | {"at": instant(delivery.at)} for delivery in sandbox.courier.deliveries]
    return {"deliveries": attempts, "faults": sandbox.courier.faults.model_dump(mode="json")}


async def list_outages(sandbox: Sandbox, _: Request) -> Answer:
    """Return the outages that are on, with the calls they have left."""
    return {"outages": [outage.model_dump() for outage in sandbox.outages.standing(sandbox.clock.now())]}


async def list_counts(sandbox: Sandbox, _: Request) -> Answer:
    """Return how many calls of each path were let through and refused since the start."""
    return {"counts": {path: asdict(count) for path, count in sandbox.limiter.counts.items()}}


def find_item(sandbox: Sandbox, request: Request) -> Item:
    """Return the Item that the path names."""
    item = sandbox.registry.find(request.path_params["item_id"])
    if item is None:
        raise PlaidError("NOT_FOUND", "no such item")
    return item


def _pulled(sandbox: Sandbox, lever: Lever[Any]) -> Route:
    async def pull(_: Sandbox, ask: Any) -> Answer:
        return lever.pull(sandbox, ask)

    return post(sandbox, f"{ROOT}/{lever.name}", lever.ask, pull)


def _pulled_on_item(sandbox: Sandbox, lever: ItemLever[Any]) -> Route:
    async def answer(request: Request) -> Response:
        item = find_item(sandbox, request)
        body = lever.pull(sandbox, item, parse(await body_of(request), lever.ask))
        sandbox.durability.note()
        return await reply(sandbox, body)

    return Route(f"{ROOT}/items/{{item_id}}/{lever.name}", answer, methods=["POST"])


def _summary(item: Item) -> dict[str, object]:
    return {
        "account_ids": [account.account_id for account in item.book.accounts],
        "created_at": instant(item.created_at),
        "error": item.error.code if item.error else None,
        "institution_id": item.institution.institution_id,
        "institution_name": item.institution.name,
        "item_id": item.item_id,
        "transactions_update_status": item.book.stage.name,
        "user": item.username,
        "version": item.book.ledger.version,
        "webhook": item.webhook,
    }


def _known(item: Item, row: Transaction) -> dict[str, object]:
    currency = row.currency or item.book.ledger.accounts[row.account_id].currency
    return {
        "account_id": row.account_id,
        "amount": number(row.amount),
        "authorized_date": str(row.authorized_date) if row.authorized_date else None,
        "category": row.category and row.category.detailed,
        "date": str(row.date),
        "iso_currency_code": currency.iso,
        "kind": row.kind,
        "merchant_name": row.merchant.name if row.merchant else None,
        "name": row.name,
        "original_description": row.original_description,
        "pending": row.pending,
        "pending_transaction_id": row.pending_transaction_id,
        "transaction_id": row.transaction_id,
        "unofficial_currency_code": currency.unofficial,
    }
