"""One category for many expenses."""

import datetime as dt
from decimal import Decimal
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from link_api.domain.identifiers import LARGEST, LARGEST_BIG
from link_api.filtering import DIGITS, LONGEST_SEARCH, MOST_CATEGORIES
from link_api.recategorisations import MOST
from link_api.schemas import Body, Text
from link_api.schemas.expenses import EXAMPLE, Category, Expense

BECOMES: JsonValue = {"slug": "tools_equipment", "name": "Tools & equipment", "group": "Tools"}


def _exact(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text, as every amount is, so that no digit is lost")  # noqa: TRY004 - pydantic reports a ValueError alone
    return value


TEXT: dict[str, JsonValue] = {"type": "string", "examples": ["45.90"]}
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=DIGITS), WithJsonSchema(TEXT)]
Id = Annotated[int, Field(ge=1, le=LARGEST_BIG, strict=True)]


class Selection(Body):
    """The list's filters; all of them must hold, and there must be one."""

    from_: dt.date | None = Field(default=None, alias="from")
    to: dt.date | None = None
    category: list[Text] = Field(default=[], max_length=MOST_CATEGORIES)
    account: int | None = Field(default=None, ge=1, le=LARGEST, strict=True)
    q: Text | None = Field(default=None, max_length=LONGEST_SEARCH, examples=["home depot"])
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    needs_review: StrictBool | None = None
    excluded: StrictBool = False
    merchant_of: Id | None = Field(default=None, description="An expense: those of the same merchant", examples=[4711])

    @model_validator(mode="after")
    def _says_something(self) -> "Selection":
        if all(value in ("", []) for value in self.model_dump(exclude_defaults=True).values()):
            raise ValueError("must have a condition: without one it means every expense there is")
        return self


class Recategorisation(Body):
    """Which expenses, by `ids` or by `filter`, and the category that they are to have."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filter": {"q": "home depot"}, "category": "tools_equipment", "dry_run": True}]
        }
    )
    ids: list[Id] | None = Field(default=None, min_length=1, max_length=MOST)
    filter: Selection | None = None
    category: Text | None = Field(description="A slug of GET /api/categories; null: each its automatic one")
    dry_run: StrictBool = Field(default=False, description="true: say what would change, and change nothing")

    @model_validator(mode="after")
    def _means_some(self) -> "Recategorisation":
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either `ids` or `filter`")
        return self


class Example(BaseModel):
    """An expense as it stood, and what it becomes."""

    expense: Expense
    becomes: Category


class Recategorised(BaseModel):
    """What was changed, or would be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "matched": 12,
                    "changing": 9,
                    "withdrawn": 0,
                    "changed": 0,
                    "remaining": 9,
                    "examples": [{"expense": EXAMPLE, "becomes": BECOMES}],
                    "undo_id": None,
                }
            ]
        }
    )
    matched: int = Field(description="Expenses that are meant")
    changing: int = Field(description="Those of them that did not have it as your choice yet")
    withdrawn: int = Field(description="Those that stop being an expense by it: money moved")
    changed: int = Field(description="Changed now: none in a dry run, else as many as one call changes")
    remaining: int = Field(description="Still to change: ask again until none is left")
    examples: list[Example] = Field(description="Up to 20 of those that change, newest first")
    undo_id: int | None = Field(description="Undoes it, for 30 days; null where nothing was changed")


class Undone(BaseModel):
    """What has again what stood before, and what stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"restored": 8, "left": 1, "examples": [EXAMPLE]}]})
    restored: int = Field(description="Expenses that have again what you had chosen before, if anything")
    left: int = Field(description="Those that you have decided about since: they stay as they are")
    examples: list[Expense] = Field(description="Up to 20 of those that stay, newest first")
