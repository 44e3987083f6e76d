"""Levers of an Item's life: it breaks, is repaired, nears its end, and its webhook rings."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from plaid_sandbox.control.fields import Days
from plaid_sandbox.control.levers import ItemLever
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item, instant
from plaid_sandbox.requests import Part
from plaid_sandbox.validation import ErrorCode
from plaid_sandbox.webhooks import payloads


class Breakage(Part):
    error_code: ErrorCode = "ITEM_LOGIN_REQUIRED"


class Consent(Part):
    expires_in_days: Days = 7


class Disconnect(Part):
    in_days: Days = 7
    reason: Literal["INSTITUTION_MIGRATION", "INSTITUTION_TOKEN_EXPIRATION"] = "INSTITUTION_TOKEN_EXPIRATION"


class Webhook(Part):
    webhook_code: Annotated[str, Field(min_length=1)]


def refresh(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Do as /transactions/refresh does."""
    sandbox.feed.refresh(item)
    return {}


def break_item(sandbox: Sandbox, item: Item, ask: Breakage) -> Answer:
    """Break the Item with this error until it is repaired; ITEM/ERROR tells of it."""
    sandbox.feed.fail(item, PlaidError(ask.error_code))
    return {"error_code": ask.error_code}


def revoke(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Take the user's permission from the whole Item; USER_PERMISSION_REVOKED tells of it."""
    sandbox.feed.revoke(item)
    return {"error_code": "USER_PERMISSION_REVOKED"}


def repair(sandbox: Sandbox, item: Item, _: Part) -> Answer:
    """Heal the Item as if its user had repaired it in another application; LOGIN_REPAIRED tells of it."""
    sandbox.feed.repair(item)
    sandbox.feed.ring(item, payloads.of_item(item, "LOGIN_REPAIRED"))
    return {}


def end_consent(sandbox: Sandbox, item: Item, ask: Consent) -> Answer:
    """Let the consent end then, unless the user renews it; PENDING_EXPIRATION tells of it."""
    item.consent_ends_at = sandbox.clock.now() + timedelta(days=ask.expires_in_days)
    ends = instant(item.consent_ends_at)
    sandbox.feed.ring(item, payloads.of_item(item, "PENDING_EXPIRATION", consent_expiration_time=ends))
    return {"consent_expiration_time": ends}


def disconnect(sandbox: Sandbox, item: Item, ask: Disconnect) -> Answer:
    """Let the Item break then, unless the user comes before; PENDING_DISCONNECT tells of it."""
    item.disconnects_at = sandbox.clock.now() + timedelta(days=ask.in_days)
    ends = instant(item.disconnects_at)
    sandbox.feed.ring(item, payloads.of_item(item, "PENDING_DISCONNECT", reason=ask.reason, disconnect_time=ends))
    return {"disconnect_time": ends}


def ring(sandbox: Sandbox, item: Item, ask: Webhook) -> Answer:
    """Send a webhook of any code, also of those that Plaid's own endpoint cannot fire."""
    sandbox.feed.ring(item, payloads.fired(item, ask.webhook_code, sandbox.clock.now(), 0))
    return {"webhook_fired": item.webhook is not None}


LEVERS: list[ItemLever[Any]] = [
    ItemLever("refresh", Part, refresh),
    ItemLever("break", Breakage, break_item),
    ItemLever("repair", Part, repair),
    ItemLever("revoke", Part, revoke),
    ItemLever("consent", Consent, end_consent),
    ItemLever("disconnect_soon", Disconnect, disconnect),
    ItemLever("webhooks", Webhook, ring),
]
