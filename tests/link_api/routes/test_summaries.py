from datetime import date
from typing import Any

import httpx2
import pytest

from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World

SUMMARY = "/api/expenses/summary"
BYS = ["category", "month", "merchant"]


async def summed(live: World, **query: Any) -> list[Json]:
    answer = await ask(live, **query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    return list(answer.json()["items"])


async def ask(live: World, user_id: int = 1, **query: Any) -> httpx2.Response:
    return await live.get(SUMMARY, user_id, **query)


async def test_by_month_every_month_is_there(live: World) -> None:
    """Oldest first, exact, months without an expense as zero, also those that the range adds at its ends."""
    book = await ledger(live)
    for amount, day in [("0.1", date(2026, 1, 31)), ("0.2", date(2026, 1, 1)), ("-5", date(2026, 3, 1))]:
        await book.expense(amount, day)
    shown = [(line["month"], line["amount"], line["count"]) for line in await summed(live, by="month")]
    assert shown == [("2026-01", "0.30", 2), ("2026-02", "0.00", 0), ("2026-03", "-5.00", 1)]
    ranged = await summed(live, by="month", **{"from": "2025-12-31", "to": "2026-01-30"})
    assert [(line["month"], line["amount"]) for line in ranged] == [("2025-12", "0.00"), ("2026-01", "0.20")]
    assert {line["currency"] for line in ranged} == {"USD"}


async def test_by_merchant_the_largest_first(live: World) -> None:
    """The bank's name of the merchant, else its description; each currency apart, refunds against it."""
    book = await ledger(live)
    named = [await book.expense("10"), await book.expense("-2.5"), await book.expense("9", iso="CAD")]
    await live.change("UPDATE expenses SET vendor = :name WHERE id = ANY(:ids)", name="<b>O'Neill</b>", ids=named)
    await book.expense("8")
    columns = ("merchant", "currency", "amount", "count")
    assert [tuple(line[name] for name in columns) for line in await summed(live, by="merchant")] == [
        ("<b>O'Neill</b>", "CAD", "9.00", 1),
        ("HOME DEPOT 4411", "USD", "8.00", 1),
        ("<b>O'Neill</b>", "USD", "7.50", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("by", BYS)
async def test_every_summary_counts_the_same_expenses(live: World, by: str) -> None:
    """Whatever it is grouped by: the range and the account decide; excluded, withdrawn and moved money do not count."""
    book, other = await ledger(live), await ledger(live)
    for day in (date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)):
        await book.expense("1", day)
    await other.expense("1", date(2026, 1, 15))
    gone = [await book.expense("100", date(2026, 1, 2)) for _ in range(3)]
    await live.change("UPDATE expenses SET excluded = true WHERE id = :id", id=gone[0])
    await live.change("UPDATE expenses SET withdrawn_at = now() WHERE id = :id", id=gone[1])
    await live.change("UPDATE expenses SET user_category_id = 'transfer' WHERE id = :id", id=gone[2])

    async def counted(**query: Any) -> int:
        return sum(line["count"] for line in await summed(live, by=by, **query))

    assert await counted() == 4
    assert await counted(**{"from": "2026-01-01", "to": "2026-01-31"}) == 3
    assert await counted(account=book.account_id) == 3
    assert await counted(account=other.account_id, to="2026-01-14") == 0


@pytest.mark.parametrize("by", BYS)
async def test_nobody_sums_up_anothers_expenses(live: World, by: str) -> None:
    """Sums are of the caller alone; another's account is not there."""
    yours = await ledger(live, 2)
    await yours.expense("100")
    await ledger(live, 1)
    assert await summed(live, by=by) == []
    answer = await ask(live, by=by, account=yours.account_id)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such account.")


async def test_by_category_is_what_it_is_by_default(live: World) -> None:
    """Who does not say by what gets categories."""
    await (await ledger(live)).expense()
    assert await summed(live, by="category") == await summed(live)


@pytest.mark.parametrize(("query", "told"), [({"by": "vendor"}, "by"), ({"by": "month", "from": "0001-01-01"}, "from")])
async def test_a_senseless_summary_is_refused(live: World, query: Json, told: str) -> None:
    """Groups that there are none of, and more months than can be drawn, are named."""
    await (await ledger(live)).expense()
    answer = await ask(live, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert told in answer.json()["detail"]
