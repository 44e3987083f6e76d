"""Plaid's own endpoints: link tokens, Items, accounts, institutions, webhook keys."""

from starlette.routing import Route

from plaid_sandbox import institutions, rendering
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item, instant
from plaid_sandbox.requests import (
    AccountsGet,
    InstitutionGet,
    InstitutionOptions,
    InstitutionsGet,
    ItemRemove,
    LinkTokenCreate,
    LinkTokenGet,
    OnItem,
    PublicTokenExchange,
    WebhookKeyGet,
    WebhookUpdate,
)
from plaid_sandbox.routes.endpoint import plaid, plaid_item
from plaid_sandbox.webhooks import payloads


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        plaid(sandbox, "/link/token/create", LinkTokenCreate, create_link_token),
        plaid(sandbox, "/link/token/get", LinkTokenGet, get_link_token, reads=True),
        plaid(sandbox, "/item/public_token/exchange", PublicTokenExchange, exchange),
        plaid_item(sandbox, "/item/get", OnItem, get_item, broken_too=True, reads=True),
        plaid_item(sandbox, "/item/remove", ItemRemove, remove_item, broken_too=True),
        plaid_item(sandbox, "/item/webhook/update", WebhookUpdate, update_webhook, broken_too=True),
        plaid_item(sandbox, "/accounts/get", AccountsGet, get_accounts, reads=True),
        plaid_item(sandbox, "/accounts/balance/get", AccountsGet, get_accounts, reads=True),
        plaid(sandbox, "/institutions/get_by_id", InstitutionGet, get_institution, reads=True),
        plaid(sandbox, "/institutions/get", InstitutionsGet, get_institutions, reads=True),
        plaid(sandbox, "/webhook_verification_key/get", WebhookKeyGet, get_webhook_key, reads=True),
    ]


async def create_link_token(sandbox: Sandbox, ask: LinkTokenCreate) -> Answer:
    """Check what Plaid checks and return a link token; `access_token` asks for update mode."""
    if ask.user is None and ask.user_id is None:
        raise PlaidError("MISSING_FIELDS", "the following required fields are missing: user")
    item = None
    if ask.access_token is not None:
        item = sandbox.registry.by_access_token(ask.access_token)
        if item.error and item.error.code == "USER_PERMISSION_REVOKED":
            raise item.error
        if ask.products:
            raise PlaidError("INVALID_FIELD", "products must not be given in update mode")
    elif not ask.products:
        raise PlaidError("INVALID_FIELD", "products must have at least one entry, unless access_token is given")
    link = sandbox.links.create(ask, item)
    return {"expiration": instant(link.expires_at), "link_token": link.token}


async def get_link_token(sandbox: Sandbox, ask: LinkTokenGet) -> Answer:
    """Return the link token with all sessions that were opened with it."""
    link = sandbox.links.find(ask.link_token)
    return {
        "created_at": instant(link.created_at),
        "expiration": instant(link.expires_at),
        "link_sessions": [session.fields() for session in link.sessions],
        "link_token": link.token,
        "metadata": link.metadata(),
    }


async def exchange(sandbox: Sandbox, ask: PublicTokenExchange) -> Answer:
    """Return the Item's access token; from here on its history is being read, where Transactions was asked for."""
    item = sandbox.registry.exchange(ask.public_token)
    if "transactions" in item.products:
        sandbox.feed.start(item)
    sandbox.occurrences.tell("item linked", item)
    return {"access_token": item.access_token, "item_id": item.item_id}


async def get_item(_: Sandbox, item: Item, __: OnItem) -> Answer:
    """Return the Item with its health."""
    return {"item": item.fields(), "status": item.status()}


async def remove_item(sandbox: Sandbox, item: Item, _: ItemRemove) -> Answer:
    """Remove the Item; its access token is dead at once."""
    sandbox.registry.remove(item)
    sandbox.occurrences.tell("item removed", item)
    return {}


async def update_webhook(sandbox: Sandbox, item: Item, ask: WebhookUpdate) -> Answer:
    """Set the receiver and tell the new one."""
    item.webhook = ask.webhook
    sandbox.feed.ring(
        item, payloads.of_item(item, "WEBHOOK_UPDATE_ACKNOWLEDGED", new_webhook_url=ask.webhook, error=None)
    )
    return {"item": item.fields()}


async def get_accounts(_: Sandbox, item: Item, ask: AccountsGet) -> Answer:
    """Return the shared accounts with their balances."""
    accounts = item.book.selected(ask.options.account_ids if ask.options else None)
    if not accounts:
        raise PlaidError("NO_ACCOUNTS")
    return {
        "accounts": [rendering.account(account, item.book.ledger.balance(account.account_id)) for account in accounts],
        "item": item.fields(),
    }


async def get_institution(_: Sandbox, ask: InstitutionGet) -> Answer:
    """Return one institution of these countries."""
    institution = institutions.find(ask.institution_id)
    if institution not in institutions.within(ask.country_codes):
        raise PlaidError("INVALID_INSTITUTION")
    return {"institution": _fields(institution, ask.options)}


async def get_institutions(_: Sandbox, ask: InstitutionsGet) -> Answer:
    """Return a stretch of the institutions of these countries."""
    found = institutions.within(ask.country_codes)
    if ask.options and ask.options.oauth is not None:
        found = [institution for institution in found if institution.oauth == ask.options.oauth]
    stretch = found[ask.offset : ask.offset + ask.count]
    return {"institutions": [_fields(institution, ask.options) for institution in stretch], "total": len(found)}


async def get_webhook_key(sandbox: Sandbox, ask: WebhookKeyGet) -> Answer:
    """Return a public key, retired or not."""
    return {"key": sandbox.keys.find(ask.key_id).fields()}


def _fields(institution: institutions.Institution, options: InstitutionOptions | None) -> dict[str, object]:
    wanted = options or InstitutionOptions()
    return institution.fields(metadata=bool(wanted.include_optional_metadata), status=bool(wanted.include_status))
