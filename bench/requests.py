"""Webhooks as bytes on the wire, signed as the stand-in of Plaid signs, ready to be sent any number of times."""

import json
from collections.abc import Iterable

from plaid_sandbox.clock import Clock
from plaid_sandbox.identifiers import Mint
from plaid_sandbox.settings import Settings
from plaid_sandbox.webhooks.keys import KeyRing

PATH = "/api/plaid/webhook"


def signed(item_ids: Iterable[str], seed: str = Settings.model_fields["seed"].default) -> list[str]:
    """Return one request per item: new transactions are there. The signatures hold for five minutes."""
    clock = Clock()
    key = KeyRing(Mint(seed), clock).current
    return [_request(body, key.sign(body, clock.wall())) for body in map(doorbell, item_ids)]


def doorbell(item_id: str) -> bytes:
    """Return the body that says: new transactions of this item are there."""
    payload = {
        "environment": "sandbox",
        "historical_update_complete": True,
        "initial_update_complete": True,
        "item_id": item_id,
        "webhook_code": "SYNC_UPDATES_AVAILABLE",
        "webhook_type": "TRANSACTIONS",
    }
    return json.dumps(payload, indent=2).encode()


def _request(body: bytes, signature: str) -> str:
    head = (
        f"POST {PATH} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: bench",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Plaid-Verification: {signature}",
        "",
        body.decode(),
    )
    return "\r\n".join(head)
