"""Accounts and transactions of an Item, named by their ids or, where nobody knows the ids yet, by a word after `@`."""

from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.transactions import Transaction
from plaid_sandbox.errors import PlaidError
from plaid_sandbox.items import Item


def account_of(item: Item, reference: str | None) -> Account:
    """Return the shared account of this id, or the first of the subtype in `@checking`; the checking one by default."""
    if reference is None or not reference.startswith("@"):
        return item.book.account(reference)
    for account in item.book.accounts:
        if account.subtype == reference[1:]:
            return account
    raise PlaidError("INVALID_ACCOUNT_ID", f"no account of this Item is a {reference[1:]}")


def transaction_of(item: Item, reference: str) -> Transaction:
    """Return the standing transaction of this id, or `@newest`, `@oldest` or `@pending` (the newest pending one)."""
    if not reference.startswith("@"):
        return item.book.standing(reference)
    rows = sorted(item.book.transactions(), key=lambda row: row.date)
    match reference:
        case "@newest" if rows:
            return rows[-1]
        case "@oldest" if rows:
            return rows[0]
        case "@pending" if held := [row for row in rows if row.pending]:
            return held[-1]
        case "@newest" | "@oldest" | "@pending":
            raise PlaidError("NOT_FOUND", f"no transaction is the {reference[1:]} one")
        case _:
            raise PlaidError("INVALID_FIELD", f"{reference}: allowed are an id, @newest, @oldest and @pending")
