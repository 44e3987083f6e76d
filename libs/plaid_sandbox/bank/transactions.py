"""One line of an account, as the bank knows it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from plaid_sandbox.bank.accounts import Currency
from plaid_sandbox.bank.merchants import Category, Merchant

Kind = Literal["purchase", "refund", "fee", "interest", "income", "transfer", "card_payment", "loan_payment"]


@dataclass(frozen=True, slots=True)
class Oddity:
    """How Plaid garbles a line: these fields are sent as this JSON text, and these not at all."""

    fields: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """Positive amounts leave the account. `kind` is the bank's own knowledge and is never sent to anybody.

    `currency` is set where it is not the account's; `oddity` changes what is sent, never what the bank means.
    """

    transaction_id: str
    account_id: str
    amount: Decimal
    authorized_date: date | None
    date: date
    name: str
    original_description: str
    merchant: Merchant | None
    category: Category | None
    kind: Kind
    channel: str
    city: str | None = None
    region: str | None = None
    store: str | None = None
    code: str | None = None
    counterparty_type: str | None = "merchant"
    check_number: str | None = None
    pending: bool = False
    pending_transaction_id: str | None = None
    currency: Currency | None = None
    oddity: Oddity | None = None


def kind_of(category: Category | None, amount: Decimal) -> Kind:
    """Return what a line is. Interest is what the bank charges; what it pays is income."""
    detailed = category.detailed if category else None
    match category.primary if category else None:
        case "INCOME":
            return "income"
        case "OTHER" if amount < 0:  # nobody can tell what came back, so nothing says that it was spent before
            return "income"
        case "TRANSFER_IN" | "TRANSFER_OUT" | "LOAN_DISBURSEMENTS":
            return "transfer"
        case "LOAN_PAYMENTS":
            return "card_payment" if detailed == "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT" else "loan_payment"
        case "BANK_FEES" if amount > 0:
            return "interest" if detailed == "BANK_FEES_INTEREST_CHARGE" else "fee"
        case _:
            return "refund" if amount < 0 else "purchase"
