"""What webhooks say (https://plaid.com/docs/api/webhooks)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from plaid_sandbox.book import Stage
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item, instant

Payload = dict[str, object]
_NOTICE = timedelta(days=7)
_ABOUT_TRANSACTIONS = {"DEFAULT_UPDATE", "RECURRING_TRANSACTIONS_UPDATE"}


def transactions(item: Item, code: str, **facts: object) -> Payload:
    """Return a webhook of type TRANSACTIONS."""
    return _payload("TRANSACTIONS", item, code, facts)


def of_item(item: Item, code: str, **facts: object) -> Payload:
    """Return a webhook of type ITEM."""
    return _payload("ITEM", item, code, facts)


def sync_updates_available(item: Item) -> Payload:
    """Return the one that sync clients act on, with how much history is ready."""
    return transactions(
        item,
        "SYNC_UPDATES_AVAILABLE",
        initial_update_complete=item.book.stage >= Stage.INITIAL_UPDATE_COMPLETE,
        historical_update_complete=item.book.stage >= Stage.HISTORICAL_UPDATE_COMPLETE,
    )


def updated(item: Item, code: str, new_transactions: int) -> Payload:
    """Return INITIAL_UPDATE, HISTORICAL_UPDATE or DEFAULT_UPDATE, which sync clients ignore."""
    return transactions(item, code, error=None, new_transactions=new_transactions)


def removed(item: Item, transaction_ids: Sequence[str]) -> Payload:
    """Return TRANSACTIONS_REMOVED."""
    return transactions(item, "TRANSACTIONS_REMOVED", error=None, removed_transactions=list(transaction_ids))


def item_error(item: Item, error: PlaidError) -> Payload:
    """Return ITEM/ERROR; its error has a status and no request_id."""
    return of_item(item, "ERROR", error=_told(error))


def permission_revoked(item: Item) -> Payload:
    """Return USER_PERMISSION_REVOKED."""
    return of_item(item, "USER_PERMISSION_REVOKED", error=_told(PlaidError("USER_PERMISSION_REVOKED")))


def fired(item: Item, code: str, now: datetime, new_transactions: int) -> Payload:
    """Return a webhook of this code as it might come; it changes nothing."""
    if code == "SYNC_UPDATES_AVAILABLE":
        return sync_updates_available(item)
    if code == "USER_PERMISSION_REVOKED":
        return permission_revoked(item)
    facts: dict[str, Payload] = {
        "DEFAULT_UPDATE": {"error": None, "new_transactions": new_transactions},
        "NEW_ACCOUNTS_AVAILABLE": {"error": None},
        "PENDING_DISCONNECT": {"reason": "INSTITUTION_TOKEN_EXPIRATION", "disconnect_time": instant(now + _NOTICE)},
        "PENDING_EXPIRATION": {"consent_expiration_time": instant(now + _NOTICE)},
        "RECURRING_TRANSACTIONS_UPDATE": {"account_ids": [account.account_id for account in item.book.accounts]},
        "USER_ACCOUNT_REVOKED": {"account_id": next((one.account_id for one in item.book.accounts), "")},
    }
    kind = "TRANSACTIONS" if code in _ABOUT_TRANSACTIONS else "ITEM"
    return _payload(kind, item, code, facts.get(code, {}))


def _told(error: PlaidError) -> Payload:
    return error.fields_of_item() | {"status": error.status}


def _payload(kind: str, item: Item, code: str, facts: Payload) -> Payload:
    return {
        "environment": "sandbox",
        "item_id": item.item_id,
        "webhook_code": code,
        "webhook_type": kind,
        **facts,
    }
