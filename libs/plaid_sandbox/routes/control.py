"""The control API, ours and without credentials: see the bank's truth, skip time, make webhooks go wrong."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.routing import Route

from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import number
from plaid_sandbox.errors import CATALOGUE, PlaidError
from plaid_sandbox.items import Item, instant
from plaid_sandbox.outages import Outage
from plaid_sandbox.requests import Part
from plaid_sandbox.routes.endpoint import Answer, get, post
from plaid_sandbox.webhooks.faults import Faults

ROOT = "/sandbox_control"


class Advance(Part):
    seconds: Annotated[float, Field(ge=0, strict=False)]


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        get(sandbox, f"{ROOT}/items", list_items),
        get(sandbox, f"{ROOT}/items/{{item_id}}/truth", truth),
        get(sandbox, f"{ROOT}/webhooks", list_deliveries),
        post(sandbox, f"{ROOT}/webhooks/faults", Faults, set_faults),
        post(sandbox, f"{ROOT}/webhooks/rotate_key", Part, rotate_key),
        post(sandbox, f"{ROOT}/clock/advance", Advance, advance),
        get(sandbox, f"{ROOT}/outages", list_outages),
        post(sandbox, f"{ROOT}/outages", Outage, order_outage),
        post(sandbox, f"{ROOT}/outages/clear", Part, clear_outages),
    ]


async def list_items(sandbox: Sandbox, _: Request) -> Answer:
    """Return all Items that were not removed."""
    return {"items": [_summary(item) for item in sandbox.registry]}


async def truth(sandbox: Sandbox, request: Request) -> Answer:
    """Return every transaction that a complete sync would hold now, with what only the bank knows of it."""
    item = find_item(sandbox, request)
    return _summary(item) | {"transactions": [_known(item, row) for row in item.book.transactions()]}


async def list_deliveries(sandbox: Sandbox, _: Request) -> Answer:
    """Return the latest attempts to deliver webhooks, oldest first, and the faults that are on."""
    attempts = [asdict(delivery) | {"at": instant(delivery.at)} for delivery in sandbox.courier.deliveries]
    return {"deliveries": attempts, "faults": sandbox.courier.faults.model_dump(mode="json")}


async def set_faults(sandbox: Sandbox, faults: Faults) -> Answer:
    """Replace the faults; what is left out is off. Whatever a reorder fault held back is sent."""
    sandbox.courier.faults = faults
    sandbox.courier.release()
    return {"faults": faults.model_dump(mode="json")}


async def rotate_key(sandbox: Sandbox, _: Part) -> Answer:
    """Retire the key that signs webhooks."""
    return {"key_id": sandbox.keys.rotate().kid}


async def advance(sandbox: Sandbox, ask: Advance) -> Answer:
    """Skip time: delays end, retries come, tokens expire, Items age. Signatures keep the machine's time."""
    sandbox.clock.advance(ask.seconds)
    return {"now": instant(sandbox.clock.now())}


async def list_outages(sandbox: Sandbox, _: Request) -> Answer:
    """Return the outages that are on, with the calls they have left."""
    return {"outages": [outage.model_dump() for outage in sandbox.outages.ordered]}


async def order_outage(sandbox: Sandbox, outage: Outage) -> Answer:
    """Let the next calls fail or take long: all, or those of one path, Item or institution."""
    if outage.error_code:
        known_error(outage.error_code)
    sandbox.outages.ordered.append(outage)
    return {"outage": outage.model_dump()}


async def clear_outages(sandbox: Sandbox, _: Part) -> Answer:
    """End all outages."""
    sandbox.outages.ordered.clear()
    return {"outages": []}


def known_error(code: str) -> PlaidError:
    """Return the error of this code, so that a typing error in a test is told at once."""
    if code not in CATALOGUE:
        raise PlaidError("INVALID_FIELD", f"error_code: {code} is no code of Plaid's")
    return PlaidError(code)


def find_item(sandbox: Sandbox, request: Request) -> Item:
    """Return the Item that the path names."""
    item = sandbox.registry.find(request.path_params["item_id"])
    if item is None:
        raise PlaidError("NOT_FOUND", "no such item")
    return item


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
    currency = item.book.ledger.accounts[row.account_id].currency
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
