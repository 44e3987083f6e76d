"""Plaid's sandbox-only endpoints."""

from datetime import date, timedelta

from starlette.routing import Route

from plaid_sandbox import institutions
from plaid_sandbox.changes import Created, Line
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item
from plaid_sandbox.registry import Terms
from plaid_sandbox.requests import (
    FireWebhook,
    OnItem,
    SandboxTokenCreate,
    SandboxTokenOptions,
    SandboxTransaction,
    SandboxTransactionsCreate,
)
from plaid_sandbox.routes.endpoint import plaid, plaid_item
from plaid_sandbox.signin import sign_in
from plaid_sandbox.webhooks import payloads

FIREABLE = frozenset(
    {
        "DEFAULT_UPDATE",
        "NEW_ACCOUNTS_AVAILABLE",
        "SMS_MICRODEPOSITS_VERIFICATION",
        "AUTHORIZATION_GRANTED",
        "USER_PERMISSION_REVOKED",
        "USER_ACCOUNT_REVOKED",
        "PENDING_DISCONNECT",
        "RECURRING_TRANSACTIONS_UPDATE",
        "LOGIN_REPAIRED",
        "SYNC_UPDATES_AVAILABLE",
        "PRODUCT_READY",
        "ERROR",
    }
)
_OLDEST = timedelta(days=730)


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of this module."""
    return [
        plaid(sandbox, "/sandbox/public_token/create", SandboxTokenCreate, create_public_token),
        plaid_item(sandbox, "/sandbox/item/fire_webhook", FireWebhook, fire_webhook, broken_too=True),
        plaid_item(sandbox, "/sandbox/item/reset_login", OnItem, reset_login, broken_too=True),
        plaid_item(sandbox, "/sandbox/transactions/create", SandboxTransactionsCreate, create_transactions),
    ]


async def create_public_token(sandbox: Sandbox, ask: SandboxTokenCreate) -> Answer:
    """Make an Item without Link: all accounts of the test user, shared."""
    options = ask.options or SandboxTokenOptions()
    institution = institutions.find(ask.institution_id)
    profile = sign_in(institution, options.override_username or "", options.override_password or "")
    login = sandbox.registry.log_in(institution, profile)
    days = options.transactions.days_requested if options.transactions else None
    terms = Terms(ask.initial_products, days, options.webhook)
    shared = [account.account_id for account in login.open_accounts().values()]
    item = await sandbox.registry.create(login, institution, shared, terms)
    return {"public_token": sandbox.registry.issue_public_token(item)}


async def fire_webhook(sandbox: Sandbox, item: Item, ask: FireWebhook) -> Answer:
    """Send a webhook; it changes no data."""
    if ask.webhook_code not in FIREABLE:
        raise PlaidError("INVALID_FIELD", f"webhook_code: {ask.webhook_code} cannot be fired")
    if not item.webhook:
        raise PlaidError("SANDBOX_WEBHOOK_INVALID")
    new = ask.options.new_transactions if ask.options else 0
    sandbox.feed.ring(item, payloads.fired(item, ask.webhook_code, sandbox.clock.now(), new))
    return {"webhook_fired": True}


async def reset_login(sandbox: Sandbox, item: Item, _: OnItem) -> Answer:
    """Break the Item with ITEM_LOGIN_REQUIRED until update mode repairs it."""
    sandbox.feed.fail(item, PlaidError("ITEM_LOGIN_REQUIRED"))
    return {"reset_login": True}


async def create_transactions(sandbox: Sandbox, item: Item, ask: SandboxTransactionsCreate) -> Answer:
    """Add transactions that the next sync finds; webhooks fire as after a refresh."""
    today = sandbox.clock.now().date()
    lines = tuple(_line(item, wanted, today) for wanted in ask.transactions)
    sandbox.feed.change(item, Created(day=today, lines=lines))
    return {}


def _line(item: Item, wanted: SandboxTransaction, today: date) -> Line:
    for day in (wanted.date_transacted, wanted.date_posted):
        if not today - _OLDEST <= day <= today:
            raise PlaidError("INVALID_FIELD", "dates must be within the last 730 days and not in the future")
    account = item.book.account(wanted.account_id)
    if wanted.iso_currency_code not in {None, account.currency.iso}:
        raise PlaidError("INVALID_FIELD", "iso_currency_code is not the account's currency")
    return Line(
        account_id=account.account_id,
        text=wanted.description,
        amount=wanted.amount,
        posted_on=wanted.date_posted,
        authorized_on=wanted.date_transacted,
    )
