"""Expenses."""

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool
from sqlalchemy import RowMapping

from common import money
from link_api.schemas import Body, Reference, Text

LONGEST_NOTE = 2000
USERS_CHOICE = {"confidence": "1", "source": "user", "reason": "You chose this category.", "needs_review": False}
PLAIN = ("id", "description", "vendor", "pending", "payment_method", "note", "excluded", "reviewed", "withdrawn")
EXAMPLE: dict[str, JsonValue] = {
    "id": 4711,
    "date": "2026-11-20",
    "description": "HOME DEPOT 4411",
    "vendor": "Home Depot",
    "amount": "45.90",
    "currency": "USD",
    "unofficial_currency": None,
    "category": {"slug": "materials", "name": "Materials & supplies (job)", "group": "Materials"},
    "confidence": "0.98",
    "source": "plaid_category",
    "reason": "Plaid calls it “hardware (home improvement)” with very high confidence.",
    "needs_review": False,
    "pending": False,
    "account": {"id": 7, "name": "Checking", "mask": "0000"},
    "payment_method": "checking ••0000, in store",
    "note": "For the Miller kitchen",
    "excluded": False,
    "reviewed": False,
    "withdrawn": False,
}


class Category(BaseModel):
    """An expense category and the group that it is shown in."""

    slug: str = Field(examples=["materials"])
    name: str = Field(examples=["Materials & supplies (job)"])
    group: str | None = Field(examples=["Materials"])

    @classmethod
    def of(cls, row: RowMapping) -> "Category":
        """Return the effective category of a row."""
        return cls(slug=row["category_slug"], name=row["category_name"], group=row["category_group"])


def account_of(row: RowMapping) -> Reference:
    """Return the account of a row."""
    return Reference(id=row["account_id"], name=row["account_name"], mask=row["account_mask"])


class Expense(BaseModel):
    """An expense; a negative amount is a refund. `source`, `confidence` and `reason` say how it got its category."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    id: int
    date: dt.date
    description: str
    vendor: str | None
    amount: str = Field(examples=["45.90"])
    currency: str | None
    unofficial_currency: str | None
    category: Category
    confidence: str = Field(examples=["0.98"])
    source: str = Field(description="user, or the stage of our pipeline that decided")
    reason: str = Field(description="In plain words, for the user")
    needs_review: bool = Field(description="We ask you for its category: choose one, or mark it as reviewed")
    pending: bool
    account: Reference
    payment_method: str | None
    note: str | None = Field(description="Yours, literally as you wrote it")
    excluded: bool = Field(description="You keep it out of every list and sum")
    reviewed: bool = Field(description="You have looked it through")
    withdrawn: bool = Field(
        description="It counts no longer: the bank took it back, its account is muted, or its category is no expense's"
    )

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
            **{name: row[name] for name in PLAIN},
            date=row["expense_date"],
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            category=Category.of(row),
            account=account_of(row),
        )


Slug = Annotated[
    Text | None, Field(description="A slug of GET /api/categories; null: the automatic one", examples=["fuel"])
]


class Edit(Body):
    """What you decide about an expense; what you leave out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"category": "fuel"}, {"note": "For the Miller kitchen", "reviewed": True}]}
    )
    category: Slug = None
    note: Annotated[
        Text | None,
        Field(max_length=LONGEST_NOTE, description="Kept literally; null: none", examples=["For the Miller kitchen"]),
    ] = None
    excluded: Annotated[StrictBool, Field(description="true: in no list and no sum")] = False
    reviewed: Annotated[StrictBool, Field(description="true: ask no more about it", examples=[True])] = False

    @property
    def changes(self) -> dict[str, object]:
        """What was sent, a null too."""
        return self.model_dump(exclude_unset=True)
