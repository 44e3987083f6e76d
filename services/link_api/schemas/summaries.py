"""What was spent, summed up: exact, each currency apart, refunds against it."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from common import money
from link_api.domain.months import Month
from link_api.schemas.expenses import EXAMPLE, Category

SUM: dict[str, JsonValue] = {"currency": "USD", "unofficial_currency": None, "amount": "1234.56", "count": 17}


def money_of(row: RowMapping) -> dict[str, str | int | None]:
    """Return the members of a sum."""
    return {
        "currency": row["iso_currency_code"],
        "unofficial_currency": row["unofficial_currency_code"],
        "amount": money.text(row["amount"], row["iso_currency_code"]),
        "count": row["count"],
    }


class Sum(BaseModel):
    """So much of one currency, in so many expenses."""

    currency: str | None
    unofficial_currency: str | None
    amount: str = Field(examples=["1234.56"])
    count: int


class Spending(Sum):
    """What was spent in one category and one currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"category": EXAMPLE["category"], **SUM}]})
    category: Category

    @classmethod
    def of(cls, row: RowMapping) -> "Spending":
        """Return one line of the summary as clients see it."""
        return cls.model_validate({"category": Category.of(row), **money_of(row)})


class MonthSpending(Sum):
    """What was spent in one month and one currency; nothing is a zero."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"month": "2026-11", **SUM}]})
    month: str = Field(pattern=r"^\d{4}-\d{2}$")

    @classmethod
    def of(cls, month: Month) -> "MonthSpending":
        """Return the month as clients see it."""
        return cls(
            month=month.name,
            currency=month.currency,
            unofficial_currency=month.unofficial_currency,
            amount=money.text(month.amount, month.currency),
            count=month.count,
        )


class MerchantSpending(Sum):
    """What was spent at one merchant in one currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"merchant": "Home Depot", **SUM}]})
    merchant: str = Field(description="As the bank names it; its description of the expense where it names none")

    @classmethod
    def of(cls, row: RowMapping) -> "MerchantSpending":
        """Return one line of the summary as clients see it."""
        return cls.model_validate({"merchant": row["merchant"], **money_of(row)})
