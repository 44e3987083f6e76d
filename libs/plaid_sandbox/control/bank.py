"""Levers of the whole stand-in: time, webhooks that go wrong, calls that fail."""

from typing import Annotated, Any

from pydantic import Field

from plaid_sandbox.control.levers import Lever
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.items import instant
from plaid_sandbox.outages import Outage
from plaid_sandbox.requests import Part
from plaid_sandbox.webhooks.faults import Faults


class Advance(Part):
    seconds: Annotated[float, Field(ge=0, strict=False)]


def advance(sandbox: Sandbox, ask: Advance) -> Answer:
    """Skip time: delays end, retries come, tokens expire, Items age. Signatures keep the machine's time."""
    sandbox.clock.advance(ask.seconds)
    return {"now": instant(sandbox.clock.now())}


def set_faults(sandbox: Sandbox, faults: Faults) -> Answer:
    """Replace the faults; what is left out is off. Whatever a reorder fault held back is sent."""
    sandbox.courier.faults = faults
    sandbox.courier.release()
    return {"faults": faults.model_dump(mode="json")}


def rotate_key(sandbox: Sandbox, _: Part) -> Answer:
    """Retire the key that signs webhooks."""
    return {"key_id": sandbox.keys.rotate().kid}


class Unsigned(Part):
    body: Annotated[str, Field(max_length=262_144)]


def sign(sandbox: Sandbox, ask: Unsigned) -> Answer:
    """Return what `Plaid-Verification` holds when these characters, in UTF-8, are the body of a webhook sent now."""
    key = sandbox.keys.current
    return {"key_id": key.kid, "signature": key.sign(ask.body.encode(), sandbox.clock.wall())}


def order_outage(sandbox: Sandbox, outage: Outage) -> Answer:
    """Let the next calls fail or take long: all, or those of one path, Item or institution."""
    sandbox.outages.order(outage, sandbox.clock.now())
    return {"outage": outage.model_dump()}


def clear_outages(sandbox: Sandbox, _: Part) -> Answer:
    """End all outages."""
    sandbox.outages.clear()
    return {"outages": []}


LEVERS: list[Lever[Any]] = [
    Lever("clock/advance", Advance, advance),
    Lever("webhooks/faults", Faults, set_faults),
    Lever("webhooks/rotate_key", Part, rotate_key),
    Lever("webhooks/sign", Unsigned, sign),
    Lever("outages", Outage, order_outage),
    Lever("outages/clear", Part, clear_outages),
]
