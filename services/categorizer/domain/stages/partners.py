"""What a transaction's partners say about it."""

from datetime import date
from decimal import Decimal

from categorizer.domain.case import Case
from categorizer.domain.decision import Decision
from categorizer.domain.partners import Counterpart, Partners, Purchase
from categorizer.domain.transaction import Transaction
from common import money

PAIRED = Decimal("0.97")
"""How sure two halves of one amount make it that the money only moved."""
PARTIAL = Decimal("0.9")
"""The most that a refund of less than the purchase is worth: another purchase there may be meant."""
OWING = frozenset({"credit", "loan"})
"""Plaid's types of the accounts that a payment pays down."""


def by_partners(case: Case) -> Decision | None:
    """What follows from the partners alone."""
    return of_partners(case.transaction, case.partners)


def of_partners(transaction: Transaction, partners: Partners) -> Decision | None:
    """Return what the partners make of the transaction: half of a transfer, or what its purchase was."""
    if partners.counterpart is not None:
        return _moved(transaction, partners.counterpart)
    return _given_back(transaction, partners.purchase) if partners.purchase is not None else None


def _moved(transaction: Transaction, other: Counterpart) -> Decision:
    """Both halves are called alike: by the account that received the money."""
    receiver = transaction.account if transaction.money_in else other.account
    category = "debt_payment" if receiver.type in OWING else "transfer"
    verb = "left" if transaction.money_in else "came into"
    amount = _money(transaction, transaction.amount)
    reason = f"The same {amount} {verb} your {other.account.words} on {_day(other.date)}."
    return Decision(category, PAIRED, "counterpart", reason)


def _given_back(transaction: Transaction, purchase: Purchase) -> Decision:
    whole = purchase.amount == -transaction.amount
    back = _money(transaction, transaction.amount)
    amount = back if whole else f"{back} out of {_money(transaction, purchase.amount)}"
    reason = f"Refund of {amount} from {purchase.merchant} on {_day(purchase.date)}"
    if purchase.asks:
        reason = f"{reason}, which waits for your answer."
        return Decision(
            purchase.category,
            purchase.confidence,
            "refund",
            reason,
            needs_review=True,
            alternatives=purchase.alternatives,
        )
    confidence = purchase.confidence if whole else min(purchase.confidence, PARTIAL)
    return Decision(purchase.category, confidence, "refund", f"{reason}.", alternatives=purchase.alternatives)


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _money(transaction: Transaction, amount: Decimal) -> str:
    """Return an amount in the transaction's currency without its sign, nothing rounded."""
    return money.text(abs(amount), transaction.iso_currency_code)
