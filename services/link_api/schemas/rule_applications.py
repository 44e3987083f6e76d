"""What a category rule changes."""

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from common import money
from link_api.rule_applications import MOST, MOST_EXAMPLES, Outcome
from link_api.schemas import Reference
from link_api.schemas.expenses import Category, account_of

MEALS: JsonValue = {"slug": "meals", "name": "Meals", "group": "Meals"}
MATERIALS: JsonValue = {"slug": "materials", "name": "Materials & supplies (job)", "group": "Materials"}
EXAMPLE: dict[str, JsonValue] = {
    "matched": 120,
    "kept": 3,
    "changing": 80,
    "released": 0,
    "changes": [{"from": MEALS, "to": MATERIALS, "count": 78}, {"from": None, "to": MATERIALS, "count": 2}],
    "examples": [
        {
            "expense_id": 4711,
            "date": "2026-11-20",
            "description": "HOME DEPOT 4411",
            "vendor": "Home Depot",
            "amount": "45.90",
            "currency": "USD",
            "unofficial_currency": None,
            "account": {"id": 7, "name": "Checking", "mask": "0000"},
            "from": MEALS,
            "to": MATERIALS,
        }
    ],
}
FROM = Field(alias="from", description="null: no expense so far, money moved")
TO = Field(description="null: no expense any more, money moved")


class RuleChange(BaseModel):
    """How many go from one category to another."""

    model_config = ConfigDict(serialize_by_alias=True)
    from_: Category | None = FROM
    to: Category | None = TO
    count: int


class RuleExample(BaseModel):
    """A transaction that the rule changes; positive amounts are spent, negative ones came in."""

    model_config = ConfigDict(serialize_by_alias=True)
    expense_id: int | None = Field(description="null: it never was an expense")
    date: dt.date
    description: str
    vendor: str | None
    amount: str
    currency: str | None
    unofficial_currency: str | None
    account: Reference
    from_: Category | None = FROM
    to: Category | None = TO

    @classmethod
    def of(cls, row: RowMapping, before: Category | None, after: Category | None) -> "RuleExample":
        """Return the transaction as clients see it."""
        return cls(
            **{name: row[name] for name in ("expense_id", "date", "description", "vendor")},
            amount=money.text(row["amount"], row["iso_currency_code"]),
            currency=row["iso_currency_code"],
            unofficial_currency=row["unofficial_currency_code"],
            account=account_of(row),
            to=after,
            **{"from": before},
        )


class RuleOutlook(BaseModel):
    """What a rule comes to among your stored transactions, pending ones and those of muted accounts left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    matched: int = Field(description="Transactions that this rule decides: it matches, and none before it does")
    kept: int = Field(description="Those of them whose category you chose by hand: they stay")
    changing: int = Field(description="Those that change: another category, an expense or none, or a question answered")
    released: int = Field(description="Those that the rule as it was decided, and that are decided anew without it")
    changes: list[RuleChange] = Field(description="`changing` by category, most first")
    examples: list[RuleExample] = Field(description=f"Up to {MOST_EXAMPLES} of those that change, newest first")

    @classmethod
    def of(cls, outcome: Outcome, known: Mapping[str, Category]) -> "RuleOutlook":
        """Return the outcome as clients see it."""
        outlook, becomes = outcome.outlook, _category(outcome.outlook.candidate.becomes, known)
        changes = [
            RuleChange(to=becomes, count=count, **{"from": _category(slug, known)})
            for slug, count in outlook.changes.most_common()
        ]
        examples = [RuleExample.of(row, _category(slug, known), becomes) for row, slug in outcome.examples]
        effects = {name: outlook.effects[name] for name in ("kept", "changing", "released")}
        return cls(matched=outlook.matched, changes=changes, examples=examples, **effects)


class RuleApplied(RuleOutlook):
    """What was asked for: `expenses.changed` says when it is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE | {"requested": 80, "remaining": 0}]})
    requested: int = Field(description=f"Those that are decided anew now, up to {MOST:,}")
    remaining: int = Field(description="Still to decide: ask again until none is left")

    @classmethod
    def of(cls, outcome: Outcome, known: Mapping[str, Category]) -> "RuleApplied":
        """Return the outcome as clients see it."""
        shown = RuleOutlook.of(outcome, known)
        remaining = max(0, shown.changing + shown.released - outcome.requested)
        return cls(**shown.model_dump(), requested=outcome.requested, remaining=remaining)


def _category(slug: str | None, known: Mapping[str, Category]) -> Category | None:
    return None if slug is None else known[slug]
