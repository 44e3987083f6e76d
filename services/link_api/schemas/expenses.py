"""Expenses, their summary, and the bank's own rows."""

import datetime as dt

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping

from link_api.domain import money
from link_api.schemas import Reference

USERS_CHOICE = {"confidence": "1", "source": "user", "reason": "You chose this category.", "needs_review": False}


class Category(BaseModel):
    """An expense category and the group that it is shown in."""

    slug: str = Field(examples=["materials"])
    name: str = Field(examples=["Materials & supplies (job)"])
    group: str | None = Field(examples=["Materials"])

    @classmethod
    def of(cls, row: RowMapping) -> "Category":
        """Return the effective category of a row."""
        return cls(slug=row["category_slug"], name=row["category_name"], group=row["category_group"])


def _account(row: RowMapping) -> Reference:
    return Reference(id=row["account_id"], name=row["account_name"], mask=row["account_mask"])


class Expense(BaseModel):
    """An expense; a negative amount is a refund. `source`, `confidence` and `reason` say how it got its category."""

    id: int
    date: dt.date
    description: str
    vendor: str | None
    amount: str = Field(examples=["45.90"])
    currency: str | None
    unofficial_currency: str | None
    category: Category
    confidence: str = Field(examples=["0.98"])
    source: str
    reason: str
    needs_review: bool
    pending: bool
    account: Reference
    payment_method: str | None

    @classmethod
    def of(cls, row: RowMapping) -> "Expense":
        """Return the stored expense as clients see it: what the user decided stands before what we decided."""
        decided = {
            "confidence": format(row["confidence"], "f"),
            "source": row["source"],
            "reason": row["reason"],
            "needs_review": row["needs_review"],
        }
        return cls(
            **(USERS_CHOICE if row["chosen_by_user"] else decided),
            **{name: row[name] for name in ("id", "description", "vendor", "pending", "payment_method")},
            date=row["expense_date"],
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            category=Category.of(row),
            account=_account(row),
        )


class Spending(BaseModel):
    """What was spent in one category and one currency."""

    category: Category
    currency: str | None
    unofficial_currency: str | None
    amount: str = Field(examples=["1234.56"])
    count: int

    @classmethod
    def of(cls, row: RowMapping) -> "Spending":
        """Return one line of the summary as clients see it."""
        return cls(
            category=Category.of(row),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            amount=money.text(row["amount"], row["iso_currency_code"]),
            count=row["count"],
        )


class Transaction(BaseModel):
    """A transaction as the bank states it, with Plaid's sign: positive is money out of the account."""

    id: int
    date: dt.date
    name: str
    merchant_name: str | None
    amount: str
    currency: str | None
    unofficial_currency: str | None
    pending: bool
    account: Reference

    @classmethod
    def of(cls, row: RowMapping) -> "Transaction":
        """Return the stored transaction as clients see it."""
        return cls(
            **{name: row[name] for name in ("id", "date", "name", "merchant_name", "pending")},
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            account=_account(row),
        )
