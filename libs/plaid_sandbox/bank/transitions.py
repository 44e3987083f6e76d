"""What a bank does when it is read again: pending money posts, new money appears, old lines are sent once more."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from plaid_sandbox.bank import merchants
from plaid_sandbox.bank.accounts import Account
from plaid_sandbox.bank.history import hold
from plaid_sandbox.bank.ledger import Ledger
from plaid_sandbox.bank.lines import Scribe
from plaid_sandbox.bank.login import Login
from plaid_sandbox.bank.merchants import Merchant
from plaid_sandbox.bank.transactions import Transaction

_NOISE = 50
_NEW = range(3, 7)


def refresh(ledger: Ledger, login: Login, accounts: Mapping[str, Account], occasion: str, today: date) -> None:
    """Post or drop all pending lines, add new ones, resend unchanged ones, and let one old amount grow by 1.00.

    As Plaid's `user_transactions_dynamic`: the first pending line vanishes, the second posts without a link to what it
    was, all others name it. Half of the removals are logged before the additions and half after, so a small page holds
    a removal without its successor.
    """
    pending = ledger.pending()
    posted = [_post(row, login, index, today) for index, row in enumerate(pending) if index or len(pending) == 1]
    gone = [row.transaction_id for row in pending]
    noise = ledger.latest(_NOISE)
    grown = [replace(row, amount=row.amount + Decimal(1)) for row in noise if row.kind == "purchase"][:1]
    ledger.remove(gone[::2])
    ledger.put(posted)
    ledger.put(arrivals(login, accounts, occasion, today))
    ledger.put(noise)
    ledger.put(grown)
    ledger.remove(gone[1::2])


def arrivals(login: Login, accounts: Mapping[str, Account], occasion: str, today: date) -> list[Transaction]:
    """Return a few new pending purchases of today in the login's own habits."""
    draw = login.draw("arrivals", occasion)
    scribe = Scribe(draw, login.profile)
    known = merchants.catalogue()
    cards = [habit for habit in login.profile.habits if habit.account in accounts]
    cards = [habit for habit in cards if _is_shop(known[habit.group][0])]
    rows = []
    for number in range(draw.choice(_NEW) if cards else 0):
        habit = draw.choices(cards, [habit.per_week for habit in cards])[0]
        merchant = draw.choice(known[habit.group])
        key = login.identifier("transaction", occasion, number)
        rows.append(hold(scribe.line(key, accounts[habit.account], merchant, today)))
    return rows


def _is_shop(merchant: Merchant) -> bool:
    return merchant.channel != "other" and merchant.category.primary not in (*merchants.INFLOWS, "TRANSFER_OUT")


def _post(row: Transaction, login: Login, index: int, today: date) -> Transaction:
    return replace(
        row,
        transaction_id=login.identifier("posted", row.transaction_id),
        pending=False,
        pending_transaction_id=None if index == 1 else row.transaction_id,
        name=row.merchant.name if row.merchant and row.merchant.name else row.name,
        date=max(row.date, today),
        oddity=None,
    )
