"""What a profile is made of: accounts, habits, bills and movements between its own accounts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """An account to open; habits and bills name it by its slot."""

    slot: str
    name: str
    official_name: str | None
    type: str
    subtype: str
    opening: Decimal
    limit: Decimal | None = None
    iso: str | None = "USD"
    unofficial: str | None = None
    holder: Literal["business", "personal"] = "business"


@dataclass(frozen=True, slots=True)
class Habit:
    """Visits to any merchant of a group, so many times a week on average."""

    group: str
    account: str
    per_week: float
    workdays_only: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """A merchant that is paid once a month."""

    merchant: str
    account: str
    day: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Money moved between two own accounts once a month: one line on each, one or two days apart."""

    kind: Literal["transfer", "card_payment"]
    source: str
    target: str
    day: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of customer, chosen by user name."""

    username: str
    accounts: tuple[AccountPlan, ...]
    habits: tuple[Habit, ...]
    bills: tuple[Bill, ...] = ()
    movements: tuple[Movement, ...] = ()
    refunds: float = 0.02
    uncategorised: float = 0.05
    odd_amounts: float = 0.01
    days: int = 730
    rows: int | None = None  # exactly so many, the oldest surplus left out
