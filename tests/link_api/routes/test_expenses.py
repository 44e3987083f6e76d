from datetime import date, timedelta
from decimal import Decimal
from random import Random

import httpx2
import pytest

from tests.link_api.ledger import DAY, ledger
from tests.link_api.world import Json, World, bearer

EXPENSES = "/api/expenses"
SUMMARY = "/api/expenses/summary"


async def walk(live: World, limit: int) -> list[Json]:
    """Return every expense, page by page."""
    items: list[Json] = []
    cursor = None
    for _ in range(30):
        answer = await live.get(EXPENSES, limit=limit, cursor=cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return items
    raise AssertionError("the pages do not end")


async def summarize(live: World, first: str | None, last: str | None) -> httpx2.Response:
    """Ask for the summary of a range of days; None is an open end."""
    days = {name: day for name, day in [("from", first), ("to", last)] if day}
    return await live.api.get(SUMMARY, params=days, headers=bearer())


async def test_an_expense_says_what_it_is_and_why(live: World) -> None:
    """Money is exact text, the category is whole, and the reason stands beside it."""
    book = await ledger(live)
    id_ = await book.expense("10.021521")
    [shown] = (await live.get(EXPENSES)).json()["items"]
    assert shown == {
        "id": id_,
        "date": "2026-11-20",
        "description": "HOME DEPOT 4411",
        "vendor": None,
        "amount": "10.021521",
        "currency": "USD",
        "unofficial_currency": None,
        "category": {"slug": "materials", "name": "Materials & supplies (job)", "group": "Materials"},
        "confidence": "0.98",
        "source": "plaid_category",
        "reason": "Plaid says so",
        "needs_review": False,
        "pending": False,
        "account": {"id": book.account_id, "name": "Checking", "mask": "0000"},
        "payment_method": None,
        "note": None,
        "excluded": False,
        "reviewed": False,
        "withdrawn": False,
    }


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_pages_show_each_expense_once_newest_first(live: World, limit: int) -> None:
    """Whatever the size of a page, all pages together are all expenses, in order, none twice."""
    book, dice = await ledger(live), Random(limit)  # noqa: S311 - a play
    expected = []
    for _ in range(10):
        day = DAY - timedelta(days=dice.randrange(4))
        expected.append((day.isoformat(), await book.expense(day=day)))
    shown = [(item["date"], item["id"]) for item in await walk(live, limit)]
    assert shown == sorted(expected, reverse=True)


async def test_pages_hold_still_while_expenses_arrive(live: World) -> None:
    """Rows that are inserted meanwhile neither repeat nor hide any that were there before."""
    book = await ledger(live)
    before = [await book.expense(day=DAY - timedelta(days=n % 3)) for n in range(9)]
    seen: list[int] = []
    cursor = None
    for _ in range(20):
        page = (await live.get(EXPENSES, limit=2, cursor=cursor)).json()
        seen += [item["id"] for item in page["items"]]
        await book.expense(day=DAY + timedelta(days=1))
        await book.expense(day=DAY - timedelta(days=1))
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


@pytest.mark.parametrize(
    "cursor", ["", "x", "ä", "MjAyNi0xMS0yMDox\x00", "MjAyNi0xMS0yMDo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
)
@pytest.mark.parametrize("path", [EXPENSES, "/api/transactions"])
async def test_a_cursor_that_is_none_is_refused(shared: World, path: str, cursor: str) -> None:
    """Whatever is sent as a cursor: a page or a 400, never a crash."""
    answer = await shared.get(path, cursor=cursor)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "9" * 40])
async def test_a_page_has_a_sensible_size(shared: World, limit: str) -> None:
    """1 to 200 rows a page; anything else is named."""
    answer = await shared.get(EXPENSES, limit=limit)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "limit"


async def test_withdrawn_and_excluded_expenses_are_not_shown(live: World) -> None:
    """What its transaction no longer supports, or the user has excluded, is in no list and no sum."""
    book = await ledger(live)
    withdrawn, excluded = await book.expense(), await book.expense()
    await live.change("UPDATE expenses SET withdrawn_at = now() WHERE id = :id", id=withdrawn)
    await live.change("UPDATE expenses SET excluded = true WHERE id = :id", id=excluded)
    assert (await live.get(EXPENSES)).json()["items"] == []
    assert (await live.get(SUMMARY)).json()["items"] == []


async def test_the_users_category_stands_before_ours(live: World) -> None:
    """What the user chose is the effective category, in the list and in the sum."""
    book = await ledger(live)
    id_ = await book.expense()
    await live.change("UPDATE expenses SET user_category_id = 'fuel', needs_review = true WHERE id = :id", id=id_)
    [shown] = (await live.get(EXPENSES)).json()["items"]
    assert (shown["category"]["slug"], shown["source"], shown["needs_review"]) == ("fuel", "user", False)
    [line] = (await live.get(SUMMARY)).json()["items"]
    assert line["category"]["slug"] == "fuel"


async def test_a_summary_never_adds_up_two_currencies(live: World) -> None:
    """One line per category and currency, official or not; sums are exact, refunds count against."""
    book = await ledger(live)
    for amount, category, iso in [
        ("0.1", "fuel", "USD"),
        ("0.2", "fuel", "USD"),
        ("-0.05", "fuel", "USD"),
        ("7", "fuel", "CAD"),
        ("0.0000001", "fuel", None),
        ("1500", "meals", "JPY"),
    ]:
        await book.expense(amount, category=category, iso=iso)
    lines = (await live.get(SUMMARY)).json()["items"]
    shown = [
        (line["category"]["slug"], line["currency"], line["unofficial_currency"], line["amount"], line["count"])
        for line in lines
    ]
    assert shown == [
        ("meals", "JPY", None, "1500", 1),
        ("fuel", "CAD", None, "7.00", 1),
        ("fuel", "USD", None, "0.25", 3),
        ("fuel", None, "BTC", "0.0000001", 1),
    ]


async def test_a_summary_covers_the_days_asked_for(live: World) -> None:
    """Both days belong to the range; an open end is all time."""
    book = await ledger(live)
    for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)):
        await book.expense("1", day)

    async def counted(first: str | None, last: str | None) -> int:
        summary = await summarize(live, first, last)
        return sum(line["count"] for line in summary.json()["items"])

    assert await counted(None, None) == 4
    assert await counted("2026-01-01", "2026-01-31") == 2
    assert await counted("2026-01-01", None) == 3
    assert await counted(None, "2025-12-31") == 1


@pytest.mark.parametrize(("first", "last"), [("2026-02-01", "2026-01-01"), ("yesterday", None), (None, "2026-13-01")])
async def test_a_senseless_range_of_days_is_refused(shared: World, first: str | None, last: str | None) -> None:
    """A range that ends before it begins, or days that are none, are named."""
    answer = await summarize(shared, first, last)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert ("from" if first else "to") in answer.json()["detail"]


async def test_pending_transactions_are_listed_apart(live: World) -> None:
    """`pending=true` shows what is no expense yet, in Plaid's sign; not those removed or disconnected."""
    book = await ledger(live)
    posted = await book.transaction("-5.5")
    pending = await book.transaction("12", pending=True)
    removed = await book.transaction("1", pending=True)
    await live.change("UPDATE plaid_transactions SET sync_status = 'removed' WHERE id = :id", id=removed)

    async def listed(wanted: str | None = None) -> list[tuple[int, str]]:
        items = (await live.get("/api/transactions", pending=wanted)).json()["items"]
        return [(item["id"], item["amount"]) for item in items]

    assert await listed("true") == [(pending, "12.00")]
    assert await listed("false") == [(posted, "-5.50")]
    assert await listed() == [(pending, "12.00"), (posted, "-5.50")]
    await live.change("UPDATE plaid_integrations SET is_active = false")
    assert await listed() == []


async def test_nobody_sees_another_users_expenses(live: World) -> None:
    """Lists and sums are of the caller alone, also with a cursor of somebody else's list."""
    mine, yours = await ledger(live, 1), await ledger(live, 2)
    for _ in range(3):
        await mine.expense("1")
        await yours.expense("100")
        await yours.transaction("100", pending=True)
    assert {Decimal(item["amount"]) for item in await walk(live, 2)} == {Decimal(1)}
    cursor = (await live.get(EXPENSES, 2, limit=1)).json()["next_cursor"]
    assert {item["amount"] for item in (await live.get(EXPENSES, cursor=cursor)).json()["items"]} <= {"1.00"}
    assert [line["amount"] for line in (await live.get(SUMMARY)).json()["items"]] == ["3.00"]
    assert (await live.get("/api/transactions", pending="true")).json()["items"] == []
