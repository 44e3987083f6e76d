"""Spending by calendar month: every month of a range, each currency apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MOST = 1200


class TooMany(ValueError):
    """More months than anybody would draw."""


@dataclass(frozen=True, slots=True)
class Month:
    """What was spent in a month, named 2026-11, and one currency."""

    name: str
    currency: str | None
    unofficial_currency: str | None
    amount: Decimal
    count: int


def complete(known: Sequence[Month], first_day: date | None, last_day: date | None) -> list[Month]:
    """Return these months in order, with a zero of every currency for each month of the range that it is missing in.

    An open end of the range is the first or last month that is known. Raise TooMany when it has more than 1,200.
    """
    if not known:
        return []
    names = [month.name for month in known]
    first, last = _name(first_day) if first_day else min(names), _name(last_day) if last_day else max(names)
    there = {(month.name, month.currency, month.unofficial_currency): month for month in known}
    currencies = sorted({key[1:] for key in there}, key=lambda key: (key[0] is None, key[0] or "", key[1] or ""))
    return [
        there.get((name, *currency)) or Month(name, *currency, Decimal(0), 0)
        for name in between(first, last)
        for currency in currencies
    ]


def between(first: str, last: str) -> Iterator[str]:
    """Return the names of all months from the first to the last, both included."""
    start, end = _number(first), _number(last)
    if end - start >= MOST:
        raise TooMany
    return (f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1))


def _name(day: date) -> str:
    return f"{day.year:04}-{day.month:02}"


def _number(name: str) -> int:
    year, month = name.split("-")
    return int(year) * 12 + int(month) - 1
