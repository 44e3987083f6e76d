from datetime import date, timedelta
from decimal import Decimal

import pytest

from link_api.domain.months import MOST, Month, TooMany, between, complete

DAY = date(2026, 11, 20)


def spent(name: str, currency: str | None = "USD", unofficial: str | None = None) -> Month:
    return Month(name, currency, unofficial, Decimal("0.10"), 1)


@pytest.mark.parametrize(
    ("first", "last", "count", "ends"),
    [
        ("2026-11", "2026-11", 1, ["2026-11"]),
        ("2025-12", "2026-01", 2, ["2025-12", "2026-01"]),
        ("2023-12", "2025-01", 14, ["2023-12", "2024-01"]),
        ("0001-01", "0001-12", 12, ["0001-01", "0001-02"]),
        ("2026-02", "2026-01", 0, []),
    ],
)
def test_months_follow_each_other(first: str, last: str, count: int, ends: list[str]) -> None:
    """Every month once, over the turns of years."""
    names = list(between(first, last))
    assert (len(names), names[:2]) == (count, ends)
    assert names == sorted(set(names))


def test_every_day_is_in_a_month_of_its_range() -> None:
    """Whatever two days: the months from the one to the other are those that its days are in."""
    for length in (0, 27, 31, 59, 366, 800):
        days = [DAY - timedelta(days=ago) for ago in range(length, -1, -1)]
        months = complete([spent("2026-11")], days[0], days[-1])
        assert [month.name for month in months] == sorted({f"{day:%Y-%m}" for day in days})


def test_gaps_are_zero_in_each_currency_apart() -> None:
    """A month without an expense of a currency has a zero of it; official ones first, by name."""
    known = [spent("2026-03"), spent("2026-01", None, "BTC"), spent("2026-01", "CAD")]
    months = complete(known, None, None)
    assert [(month.name, month.currency or month.unofficial_currency, month.count) for month in months] == [
        ("2026-01", "CAD", 1), ("2026-01", "USD", 0), ("2026-01", "BTC", 1),
        ("2026-02", "CAD", 0), ("2026-02", "USD", 0), ("2026-02", "BTC", 0),
        ("2026-03", "CAD", 0), ("2026-03", "USD", 1), ("2026-03", "BTC", 0),
    ]  # fmt: skip
    assert sum(month.amount for month in months) == Decimal("0.30")


def test_of_nothing_there_are_no_months() -> None:
    """Without an expense there is no currency that a zero could be of."""
    assert complete([], DAY, DAY) == []


def test_a_range_has_an_end() -> None:
    """A hundred years are drawn, a month more is refused."""
    assert len(complete([spent("2026-11")], date(1926, 12, 1), DAY)) == MOST
    with pytest.raises(TooMany):
        complete([spent("2026-11")], date(1926, 11, 30), DAY)
