"""From a transaction and its category to its expense, if it is one."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from categorizer.domain.decision import Decision
from categorizer.domain.merchant import UNNAMED, Merchant
from categorizer.domain.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ExpenseDraft:
    """An expense as its transaction makes it; positive = spent, negative = refunded."""

    transaction_id: int
    amount: Decimal
    iso_currency_code: str | None
    unofficial_currency_code: str | None
    description: str
    vendor: str | None
    expense_date: date
    payment_method: str
    decision: Decision
    merchant: Merchant = field(default=UNNAMED, compare=False)


def spent(amount: Decimal, *, is_expense: bool) -> Decimal | None:
    """Return what was spent: the sign rule, the only one.

    Plaid's sign is ours, out is positive: money out of an expense category is an expense, money into one is a refund,
    and what is of no expense category, or moved nothing, is None.
    """
    return amount if is_expense and amount else None


def expense_of(
    transaction: Transaction, decision: Decision, *, is_expense: bool, merchant: Merchant = UNNAMED
) -> ExpenseDraft | None:
    """Return the transaction's expense, or None where it has none.

    `is_expense` speaks of the category that counts: the user's, else the decision's.
    """
    if not transaction.stands:
        return None
    amount = spent(transaction.amount, is_expense=is_expense)
    if amount is None:
        return None
    return ExpenseDraft(
        transaction_id=transaction.id,
        amount=amount,
        iso_currency_code=transaction.iso_currency_code,
        unofficial_currency_code=transaction.unofficial_currency_code,
        description=transaction.name,
        vendor=transaction.merchant_name,
        # The day the user paid, as on the receipt; `date` is when the bank booked it. Calendar days, of no time zone.
        expense_date=transaction.authorized_date or transaction.date,
        payment_method=payment_method(transaction),
        decision=decision,
        merchant=merchant,
    )


def payment_method(transaction: Transaction) -> str:
    """Return how it was paid, in plain words: `credit card ••3333, in store`."""
    channel = transaction.payment_channel
    words = transaction.account.words
    return f"{words}, {channel}" if channel in ("online", "in store") else words
