"""Who money goes to and comes from, with the category Plaid would give each."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

INFLOWS = ("INCOME", "TRANSFER_IN", "LOAN_DISBURSEMENTS")


@dataclass(frozen=True, slots=True)
class Category:
    """A personal finance category, taxonomy v2."""

    primary: str
    detailed: str
    confidence: str | None

    def __hash__(self) -> int:  # a page looks up hundreds, and the code alone tells nearly all apart
        return hash(self.detailed)


@dataclass(frozen=True, slots=True)
class Merchant:
    """One counterparty: how its line reads, what it sells, what it charges."""

    name: str | None
    descriptor: str
    category: Category
    code: str | None
    channel: str
    website: str | None
    low: Decimal
    high: Decimal

    def __hash__(self) -> int:  # as a category's
        return hash(self.descriptor)

    @property
    def pays_us(self) -> bool:
        """Whether money comes from here, so that amounts are negative."""
        return self.category.primary in INFLOWS


PRIMARIES = (
    *INFLOWS,
    "LOAN_PAYMENTS",
    "TRANSFER_OUT",
    "BANK_FEES",
    "ENTERTAINMENT",
    "FOOD_AND_DRINK",
    "GENERAL_MERCHANDISE",
    "HOME_IMPROVEMENT",
    "MEDICAL",
    "PERSONAL_CARE",
    "GENERAL_SERVICES",
    "GOVERNMENT_AND_NON_PROFIT",
    "TRANSPORTATION",
    "TRAVEL",
    "RENT_AND_UTILITIES",
    "OTHER",
)


def category(detailed: str, confidence: str | None) -> Category:
    """Return the category with its primary, the prefix that every detailed code carries."""
    primary = next(primary for primary in PRIMARIES if detailed.startswith(primary + "_"))
    return Category(primary, detailed, confidence)


@cache
def catalogue() -> Mapping[str, tuple[Merchant, ...]]:
    """Return all merchants by group, in file order."""
    groups: dict[str, list[Merchant]] = {}
    with files(__package__).joinpath("merchants.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            groups.setdefault(row["group"], []).append(_merchant(row))
    return MappingProxyType({group: tuple(merchants) for group, merchants in groups.items()})


def named(name: str) -> Merchant:
    """Return the merchant of this name."""
    return next(merchant for group in catalogue().values() for merchant in group if merchant.name == name)


def _merchant(row: Mapping[str, str]) -> Merchant:
    return Merchant(
        name=row["name"] or None,
        descriptor=row["descriptor"],
        category=category(row["detailed"], row["confidence"]),
        code=row["mcc"] or None,
        channel=row["channel"],
        website=row["website"] or None,
        low=Decimal(row["low"]),
        high=Decimal(row["high"]),
    )
