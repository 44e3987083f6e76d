"""What was spent, summed up."""

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping

from link_api.domain import money
from link_api.schemas.expenses import Category


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
