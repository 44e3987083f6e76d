"""Levers of accounts: they open, close, change their ids and their balances."""

from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from plaid_sandbox import rendering
from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.changes import BalanceSet, Churned, Closed, Opened
from plaid_sandbox.control.fields import InCurrency, Mask, Money, Name
from plaid_sandbox.control.levers import ItemLever
from plaid_sandbox.control.references import account_of
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.items import Item
from plaid_sandbox.requests import Part
from plaid_sandbox.webhooks import payloads


class NewAccount(InCurrency):
    type: Literal["depository", "credit", "loan", "investment", "other"] = "depository"
    subtype: Annotated[str, Field(min_length=1)] = "checking"
    name: Name = "Second Checking"
    mask: Mask = "7777"
    balance: Money = Decimal(0)
    limit: Money | None = None
    persistent_account_id: Annotated[str, Field(min_length=1)] | None = None


class OneAccount(Part):
    account_id: str


class Churn(OneAccount):
    mask: Mask | None = None
    name: Name | None = None


class NewBalance(OneAccount):
    """What is left out stays as it is; null is a balance that the bank does not tell."""

    current: Money | None = None
    available: Money | None = None


def open_account(sandbox: Sandbox, item: Item, ask: NewAccount) -> Answer:
    """Open an account and share it at once; transactions on it have to be ordered."""
    return _opened(sandbox, item, ask, shared=True)


def offer(sandbox: Sandbox, item: Item, ask: NewAccount) -> Answer:
    """Open an account that update mode with account selection offers; NEW_ACCOUNTS_AVAILABLE tells of it."""
    answer = _opened(sandbox, item, ask, shared=False)
    sandbox.feed.ring(item, payloads.of_item(item, "NEW_ACCOUNTS_AVAILABLE", error=None))
    return answer


def close(sandbox: Sandbox, item: Item, ask: OneAccount) -> Answer:
    """Close an account without a word: it and its transactions are named no more, not even as removed."""
    account = account_of(item, ask.account_id)
    sandbox.feed.change(item, Closed(account_id=account.account_id))
    return {"account_id": account.account_id}


def revoke(sandbox: Sandbox, item: Item, ask: OneAccount) -> Answer:
    """Take the user's permission for one account: as closed, and USER_ACCOUNT_REVOKED tells of it."""
    answer = close(sandbox, item, ask)
    sandbox.feed.ring(item, payloads.of_item(item, "USER_ACCOUNT_REVOKED", account_id=answer["account_id"]))
    return answer


def churn(sandbox: Sandbox, item: Item, ask: Churn) -> Answer:
    """Give an account another id: its transactions are removed and come again under other ids."""
    place = item.book.accounts.index(account_of(item, ask.account_id))
    change = Churned(account_id=item.book.accounts[place].account_id, mask=ask.mask, name=ask.name)
    sandbox.feed.change(item, change)
    return {"account_id": item.book.accounts[place].account_id, "churned_account_id": change.account_id}


def set_balance(sandbox: Sandbox, item: Item, ask: NewBalance) -> Answer:
    """Change a balance without any transaction; no webhook tells of it."""
    account = account_of(item, ask.account_id)
    wanted = {name: getattr(ask, name) for name in get_args(_Told) if name in ask.model_fields_set}
    sandbox.feed.change(item, BalanceSet(account_id=account.account_id, balances=wanted))
    return {"account": shown(item, account)}


_Told = Literal["current", "available"]


def shown(item: Item, account: Account) -> Answer:
    """Return the account in Plaid's words."""
    return rendering.account(account, item.book.ledger.balance(account.account_id))


def _opened(sandbox: Sandbox, item: Item, ask: NewAccount, *, shared: bool) -> Answer:
    iso = ask.iso_currency_code or (None if ask.unofficial_currency_code else "USD")
    fields = ask.model_dump() | {"iso_currency_code": iso}
    sandbox.feed.change(item, Opened(**fields, shared=shared))
    return {"account": shown(item, item.book.open_accounts[-1])}


LEVERS: list[ItemLever[Any]] = [
    ItemLever("accounts/open", NewAccount, open_account),
    ItemLever("accounts/offer", NewAccount, offer),
    ItemLever("accounts/close", OneAccount, close),
    ItemLever("accounts/revoke", OneAccount, revoke),
    ItemLever("accounts/churn", Churn, churn),
    ItemLever("accounts/balance", NewBalance, set_balance),
]
