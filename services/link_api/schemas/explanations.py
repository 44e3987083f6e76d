"""Why an expense is what it is."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from common import money
from link_api.schemas import Reference
from link_api.schemas.category_rules import CategoryRule
from link_api.schemas.expenses import EXAMPLE as EXPENSE
from link_api.schemas.expenses import Category, Expense, account_of

PLAIN = (
    "name", "merchant_name", "original_description", "authorized_date", "datetime", "authorized_datetime",
    "payment_channel", "check_number", "pending", "removed", "version",
)  # fmt: skip
FUEL: dict[str, JsonValue] = {"slug": "fuel", "name": "Fuel", "group": "Vehicle"}
MATERIALS: dict[str, JsonValue] = {"slug": "materials", "name": "Materials & supplies (job)", "group": "Materials"}
EXAMPLE: dict[str, JsonValue] = {
    "expense": EXPENSE | {"category": FUEL, "source": "user", "confidence": "1", "reason": "You chose this category."},
    "automatic": {
        "category": MATERIALS,
        "source": "plaid_category",
        "confidence": "0.98",
        "reason": "Plaid calls it “hardware (home improvement)” with very high confidence.",
        "needs_review": False,
        "alternatives": [FUEL],
        "pipeline_version": "1",
    },
    "rule": None,
    "memory": {
        "merchant": "Home Depot",
        "answers": [
            {"category": FUEL, "answered_at": "2026-11-19T08:15:00Z", "expense_id": 4650, "date": "2026-11-18"}
        ],
    },
    "bank": {
        "transaction_id": "lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqDje",
        "name": "HOME DEPOT 4411",
        "merchant_name": "Home Depot",
        "original_description": None,
        "amount": "45.90",
        "currency": "USD",
        "unofficial_currency": None,
        "posted_date": "2026-11-21",
        "authorized_date": "2026-11-20",
        "datetime": None,
        "authorized_datetime": None,
        "payment_channel": "in store",
        "check_number": None,
        "plaid_category": {
            "primary": "HOME_IMPROVEMENT",
            "detailed": "HOME_IMPROVEMENT_HARDWARE",
            "confidence_level": "VERY_HIGH",
            "version": "v2",
        },
        "pending": False,
        "removed": False,
        "version": 1,
        "first_seen_at": "2026-11-21T09:00:00Z",
        "changed_at": "2026-11-21T09:00:00Z",
    },
    "earlier": [],
    "pending_twin": None,
    "counterpart": None,
    "refund_of": None,
    "refunds": [],
}


class Automatic(BaseModel):
    """What we decided by ourselves, whatever you chose since."""

    category: Category
    source: str = Field(description="The stage of our pipeline that decided")
    confidence: str = Field(description="0 to 1")
    reason: str = Field(description="In plain words, for the user")
    needs_review: bool
    alternatives: list[Category] = Field(description="What came next, likeliest first; none if nothing did")
    pipeline_version: str

    @classmethod
    def of(cls, row: RowMapping, categories: Mapping[str, Category]) -> "Automatic":
        """Return the stored decision as clients see it."""
        return cls(
            **{name: row[name] for name in ("source", "reason", "needs_review", "pipeline_version")},
            category=Category.of(row),
            confidence=format(row["confidence"], "f"),
            alternatives=[categories[slug] for slug in row["alternatives"] if slug in categories],
        )


class Answer(BaseModel):
    """What you said that another expense of the merchant was, by choosing its category or confirming ours."""

    category: Category
    answered_at: dt.datetime
    expense_id: int
    date: dt.date

    @classmethod
    def of(cls, row: RowMapping) -> "Answer":
        """Return the stored answer as clients see it."""
        return cls(
            category=Category.of(row),
            answered_at=row["answered_at"],
            expense_id=row["id"],
            date=row["expense_date"],
        )


class Remembered(BaseModel):
    """What you have answered about the merchant's other expenses: its next transaction goes by that."""

    merchant: str
    answers: list[Answer] = Field(description="The newest five, newest first")


class PlaidCategory(BaseModel):
    """Plaid's personal finance category, in Plaid's words."""

    primary: str | None
    detailed: str | None
    confidence_level: str | None = Field(description="VERY_HIGH | HIGH | MEDIUM | LOW | UNKNOWN, or what Plaid adds")
    version: str | None


class BankRow(BaseModel):
    """A transaction as the bank told it, with Plaid's sign: positive is money out of the account."""

    transaction_id: str = Field(description="Plaid's, for support")
    name: str
    merchant_name: str | None
    original_description: str | None
    amount: str
    currency: str | None
    unofficial_currency: str | None
    posted_date: dt.date = Field(description="When the bank booked it; while pending, when it appeared")
    authorized_date: dt.date | None = Field(description="When it was paid")
    datetime: dt.datetime | None
    authorized_datetime: dt.datetime | None
    payment_channel: str | None
    check_number: str | None
    plaid_category: PlaidCategory
    pending: bool
    removed: bool = Field(description="The bank has taken it back")
    version: int = Field(description="How often the bank had told it differently by then, and once more")
    first_seen_at: dt.datetime
    changed_at: dt.datetime

    @classmethod
    def of(cls, row: RowMapping) -> "BankRow":
        """Return the stored transaction as clients see it."""
        return cls(
            **{name: row[name] for name in PLAIN},
            transaction_id=row["transaction_id"],
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            posted_date=row["date"],
            plaid_category=PlaidCategory(
                primary=row["pfc_primary"],
                detailed=row["pfc_detailed"],
                confidence_level=row["pfc_confidence"],
                version=row["pfc_version"],
            ),
            first_seen_at=row["created_at"],
            changed_at=row["updated_at"],
        )


class Partner(BaseModel):
    """Another transaction of yours that this expense has to do with; `expense_id` where it became an expense too."""

    relation: Literal["counterpart", "refund_of", "refund"] = Field(exclude=True)
    expense_id: int | None
    date: dt.date
    description: str
    vendor: str | None
    amount: str = Field(description="With Plaid's sign: positive is money out of the account")
    currency: str | None
    unofficial_currency: str | None
    account: Reference

    @classmethod
    def of(cls, row: RowMapping) -> "Partner":
        """Return the stored transaction as clients see it."""
        return cls(
            **{name: row[name] for name in ("relation", "expense_id", "date", "description", "vendor")},
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            account=account_of(row),
        )


class Explanation(BaseModel):
    """An expense, what we decided about it, and what the bank says."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    expense: Expense
    automatic: Automatic
    rule: CategoryRule | None = Field(
        description="Your rule that decided, as it is now; null: none did, or it is deleted since, as `reason` tells"
    )
    memory: Remembered | None = Field(description="null: you have answered nothing about this merchant yet")
    bank: BankRow
    earlier: list[BankRow] = Field(
        description="The row as it was before each change of the bank's, newest first: the twenty newest are kept"
    )
    pending_twin: BankRow | None = Field(description="The row that the bank showed while it was pending")
    counterpart: Partner | None = Field(
        description="The other half, on another account of yours, of money that only moved; null: none is known"
    )
    refund_of: Partner | None = Field(description="The purchase that this money gave back; null: none is known")
    refunds: list[Partner] = Field(description="What was given back of this purchase, oldest first")
