"""What an expense can be."""

from typing import Literal

from pydantic import ConfigDict, Field
from sqlalchemy import RowMapping

from link_api.schemas.expenses import Category


class CategoryChoice(Category):
    """A category that a user can choose."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"slug": "fuel", "name": "Fuel", "group": "Vehicle", "kind": "business", "schedule_c_line": "9"}
            ]
        }
    )
    kind: Literal["business", "personal", "nonexpense"] = Field(
        description="nonexpense: money moved, so choosing it withdraws the expense"
    )
    schedule_c_line: str | None = Field(description="Line of IRS Schedule C, 2025 form; null: on none")

    @classmethod
    def of(cls, row: RowMapping) -> "CategoryChoice":
        """Return the category as clients see it."""
        return cls(**Category.of(row).model_dump(), kind=row["kind"], schedule_c_line=row["schedule_c_line"])
