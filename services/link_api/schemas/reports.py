"""Totals for the tax form."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from common import money
from link_api.domain import schedule_c
from link_api.schemas.expenses import Category

EXAMPLE: dict[str, JsonValue] = {
    "year": 2026,
    "currencies": [
        {
            "currency": "USD",
            "unofficial_currency": None,
            "lines": [
                {
                    "line": "9",
                    "amount": "1420.10",
                    "count": 31,
                    "categories": [
                        {
                            "category": {"slug": "fuel", "name": "Fuel", "group": "Vehicle"},
                            "amount": "1420.10",
                            "count": 31,
                        }
                    ],
                }
            ],
            "total": {"amount": "1420.10", "count": 31},
            "left_out": {
                "personal": {"amount": "312.00", "count": 6},
                "needs_review": {"amount": "45.90", "count": 1},
                "excluded": {"amount": "0.00", "count": 0},
            },
        }
    ],
}


class Total(BaseModel):
    """So much in so many expenses."""

    amount: str = Field(examples=["1420.10"])
    count: int

    @classmethod
    def of(cls, total: schedule_c.Total, currency: str | None) -> "Total":
        """Return the total as clients see it."""
        return cls(amount=money.text(total.amount, currency), count=total.count)


class CategoryTotal(Total):
    """What one category has on a line."""

    category: Category


class Line(Total):
    """A line of the form."""

    line: str = Field(description="As the 2025 form numbers it; where a category may go on either, both")
    categories: list[CategoryTotal] = Field(description="What is on this line, largest first")


class LeftOut(BaseModel):
    """What is on no line."""

    personal: Total = Field(description="In personal categories")
    needs_review: Total = Field(description="Asks for its category still: answer, and it counts")
    excluded: Total = Field(description="Excluded by you")


class Form(BaseModel):
    """One currency."""

    currency: str | None
    unofficial_currency: str | None
    lines: list[Line] = Field(description="In the form's order; those with nothing on them are left out")
    total: Total = Field(description="Of all lines")
    left_out: LeftOut

    @classmethod
    def of(cls, form: schedule_c.Form, categories: Mapping[str, Category]) -> "Form":
        """Return the form as clients see it."""

        def shown(total: schedule_c.Total) -> Total:
            return Total.of(total, form.currency)

        def line(one: schedule_c.Line) -> Line:
            inside = [
                CategoryTotal(category=categories[share.category], **shown(share.total).model_dump())
                for share in one.shares
            ]
            return Line(line=one.name, categories=inside, **shown(one.total).model_dump())

        return cls(
            currency=form.currency,
            unofficial_currency=form.unofficial_currency,
            lines=[line(one) for one in form.lines],
            total=shown(form.total),
            left_out=LeftOut(
                personal=shown(form.personal), needs_review=shown(form.needs_review), excluded=shown(form.excluded)
            ),
        )


class ScheduleC(BaseModel):
    """A calendar year's business expenses by line of IRS Schedule C, each currency apart."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    year: int
    currencies: list[Form]
