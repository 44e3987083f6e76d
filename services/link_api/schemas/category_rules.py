"""Category rules."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator
from sqlalchemy import RowMapping

from common import money
from common.category_rules import plain
from link_api.domain.identifiers import LARGEST, LARGEST_BIG
from link_api.rules import MOST
from link_api.schemas import Body, Reference, Text
from link_api.schemas.expenses import Category
from link_api.schemas.recategorisations import Amount

LONGEST_TEXT = 200
CURRENCY = r"^[A-Za-z0-9]{1,20}$"
CONDITIONS: dict[str, JsonValue] = {"contains": "home depot", "min_amount": "10.00", "currency": "USD", "money": "out"}
EXAMPLE: dict[str, JsonValue] = {
    "id": 12,
    "position": 1,
    "conditions": {
        "contains": "home depot",
        "equals": None,
        "min_amount": "10.00",
        "max_amount": None,
        "currency": "USD",
        "account": None,
        "money": "out",
    },
    "category": {"slug": "materials", "name": "Materials & supplies (job)", "group": "Materials"},
    "created_at": "2026-11-22T09:00:00Z",
    "updated_at": "2026-11-22T09:00:00Z",
}


def _findable(text: str) -> str:
    if not plain(text):
        raise ValueError("must have a letter, a digit or a sign to look for")
    return text


Sought = Annotated[Text, Field(max_length=LONGEST_TEXT), AfterValidator(_findable)]
Size = Annotated[Amount, Field(ge=0, description="Without a sign, included; of `currency`, which must be given")]
Position = Annotated[
    int | None,
    Field(ge=1, le=MOST, strict=True, description="From 1; beyond the end: last. The first rule that matches decides"),
]
Slug = Annotated[Text, Field(description="A slug of GET /api/categories", examples=["materials"])]


class Conditions(Body):
    """All of them must hold, and there must be one. Texts are compared whatever their case, accents and spaces."""

    model_config = ConfigDict(json_schema_extra={"examples": [CONDITIONS]})
    contains: Sought | None = Field(default=None, description="Within the description or the merchant, literally")
    equals: Sought | None = Field(default=None, description="The whole description or the whole merchant")
    min_amount: Size | None = None
    max_amount: Size | None = None
    currency: str | None = Field(default=None, pattern=CURRENCY, description="ISO code, or an unofficial one")
    account: int | None = Field(default=None, ge=1, le=LARGEST, strict=True, description="Id of one of your accounts")
    money: Literal["in", "out"] | None = Field(default=None, description="Which way the money went")

    @model_validator(mode="after")
    def _make_sense(self) -> "Conditions":
        if not self.model_dump(exclude_none=True):
            raise ValueError("must have a condition: without one the rule means everything there is")
        if self.contains is not None and self.equals is not None:
            raise ValueError("give either `contains` or `equals`")
        amounts = [amount for amount in (self.min_amount, self.max_amount) if amount is not None]
        if amounts and self.currency is None:
            raise ValueError("amounts need a `currency`: those of different currencies cannot be compared")
        if amounts != sorted(amounts):
            raise ValueError("`min_amount` must not be above `max_amount`")
        return self

    @property
    def terms(self) -> dict[str, Any]:
        """The conditions as they are stored."""
        return self.model_dump(exclude={"account"}) | {"account_id": self.account}


class NewRule(Body):
    """A rule that you lay down; without a position it comes last."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"conditions": CONDITIONS, "category": "materials"}]})
    conditions: Conditions
    category: Slug
    position: Position = None

    @property
    def terms(self) -> dict[str, Any]:
        """Conditions and category as they are stored."""
        return self.conditions.terms | {"category": self.category}


class TriedRule(NewRule):
    """A rule that you think of: a new one, or another form of one that you have."""

    rule_id: int | None = Field(default=None, ge=1, le=LARGEST_BIG, strict=True, description="As an edit of this rule")


class RuleEdit(Body):
    """What you change; what is left out or null stays. Conditions are replaced as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"position": 1}, {"category": "tools_equipment"}]})
    conditions: Conditions | None = None
    category: Slug | None = None
    position: Position = None

    @property
    def changes(self) -> dict[str, Any]:
        """The changed terms as they are stored."""
        category = {} if self.category is None else {"category": self.category}
        return category if self.conditions is None else self.conditions.terms | category


class RuleConditions(BaseModel):
    """All of them must hold; null is none."""

    contains: str | None
    equals: str | None
    min_amount: str | None
    max_amount: str | None
    currency: str | None
    account: Reference | None
    money: Literal["in", "out"] | None


class CategoryRule(BaseModel):
    """A rule of yours: what it means, and the category that it gives; the first that matches decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    id: int
    position: int = Field(description="From 1, without gaps")
    conditions: RuleConditions
    category: Category
    created_at: dt.datetime
    updated_at: dt.datetime

    @classmethod
    def of(cls, row: RowMapping) -> "CategoryRule":
        """Return the stored rule as clients see it."""
        account = row["account_id"] and Reference(
            id=row["account_id"], name=row["account_name"], mask=row["account_mask"]
        )
        conditions = RuleConditions(
            **{name: row[name] for name in ("contains", "equals", "currency", "money")},
            min_amount=money.optional_text(row["min_amount"], row["currency"]),
            max_amount=money.optional_text(row["max_amount"], row["currency"]),
            account=account or None,
        )
        kept = {name: row[name] for name in ("id", "position", "created_at", "updated_at")}
        return cls(conditions=conditions, category=Category.of(row), **kept)
