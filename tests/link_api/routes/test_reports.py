from datetime import date

import pytest

from tests.link_api.ledger import ledger
from tests.link_api.world import World

REPORT = "/api/reports/schedule-c"


async def test_a_year_by_line(live: World) -> None:
    """Lines with their categories, and what is left out and why: what counts is the user's category and year."""
    book = await ledger(live)
    day = date(2026, 1, 1)
    await book.expense("10.10", day, category="utilities")
    await book.expense("-0.1", date(2026, 12, 31), category="phone_internet")
    chosen = await book.expense("5", day, category="groceries")
    await book.expense("7", day, category="groceries")
    asked, answered = await book.expense("11", day, category="other"), await book.expense("13", day, category="other")
    excluded, withdrawn = await book.expense("17", day, category="fuel"), await book.expense("19", day, category="fuel")
    moved = await book.expense("23", day, category="fuel")
    for before_or_after in (date(2025, 12, 31), date(2027, 1, 1)):
        await book.expense("1000", before_or_after)
    await live.change("UPDATE expenses SET user_category_id = 'fuel' WHERE id = :id", id=chosen)
    await live.change("UPDATE expenses SET needs_review = true WHERE id = ANY(:ids)", ids=[asked, answered, chosen])
    await live.change("UPDATE expenses SET reviewed_at = now() WHERE id = :id", id=answered)
    await live.change("UPDATE expenses SET excluded = true WHERE id = :id", id=excluded)
    await live.change("UPDATE expenses SET withdrawn_at = now() WHERE id = :id", id=withdrawn)
    await live.change("UPDATE expenses SET user_category_id = 'transfer' WHERE id = :id", id=moved)
    report = (await live.get(REPORT, year=2026)).json()
    [form] = report["currencies"]
    assert (report["year"], form["currency"]) == (2026, "USD")
    assert [(line["line"], line["amount"], line["count"]) for line in form["lines"]] == [
        ("9", "5.00", 1), ("25", "10.00", 2), ("27b", "13.00", 1),
    ]  # fmt: skip
    assert [(one["category"]["slug"], one["amount"]) for one in form["lines"][1]["categories"]] == [
        ("utilities", "10.10"), ("phone_internet", "-0.10"),
    ]  # fmt: skip
    assert form["total"] == {"amount": "28.00", "count": 4}
    assert form["left_out"] == {
        "personal": {"amount": "7.00", "count": 1},
        "needs_review": {"amount": "11.00", "count": 1},
        "excluded": {"amount": "17.00", "count": 1},
    }


async def test_currencies_are_never_added_up(live: World) -> None:
    """Each currency has a form of its own, in its own digits."""
    book = await ledger(live)
    for iso in ("USD", "JPY", None):
        await book.expense("100", date(2026, 5, 5), category="fuel", iso=iso)
    forms = (await live.get(REPORT, year=2026)).json()["currencies"]
    shown = [(form["currency"], form["unofficial_currency"], form["total"]["amount"]) for form in forms]
    assert shown == [("JPY", None, "100"), ("USD", None, "100.00"), (None, "BTC", "100.00")]


async def test_nobody_sees_anothers_year(live: World) -> None:
    """A report is of the caller alone; of nothing it is empty."""
    await (await ledger(live, 2)).expense()
    assert (await live.get(REPORT, year=2026)).json() == {"year": 2026, "currencies": []}


@pytest.mark.parametrize("year", [None, "0", "1899", "10000", "-1", "now", "9" * 30, "2026.5"])
async def test_a_senseless_year_is_refused(shared: World, year: str | None) -> None:
    """A year is asked for, and it is one."""
    answer = await shared.get(REPORT, year=year)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "year")
