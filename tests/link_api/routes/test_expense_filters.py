from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.link_api.ledger import DAY, Ledger, ledger
from tests.link_api.world import Json, World, bearer

EXPENSES = "/api/expenses"
Query = dict[str, Any]


async def found(live: World, **query: Any) -> list[int]:
    """Return the ids of what is listed, whatever the order."""
    answer = await live.api.get(EXPENSES, params={"limit": 200, **query}, headers=bearer())
    assert answer.status_code == 200, answer.text
    return sorted(item["id"] for item in answer.json()["items"])


async def refusal(live: World, user_id: int = 1, **query: Any) -> tuple[int, Json]:
    """Return the status and the body of an answer."""
    answer = await live.api.get(EXPENSES, params=query, headers=bearer(user_id))
    return answer.status_code, dict(answer.json())


async def write(live: World, id_: int, **columns: object) -> None:
    """Set columns of an expense."""
    await live.change(
        f"UPDATE expenses SET {', '.join(f'{name} = :{name}' for name in columns)} WHERE id = :id", id=id_, **columns
    )


MODEL: list[tuple[Query, Callable[[Json], bool]]] = [
    ({"from": "2026-11-18"}, lambda one: one["day"] >= date(2026, 11, 18)),
    ({"to": "2026-11-18"}, lambda one: one["day"] <= date(2026, 11, 18)),
    ({"category": "fuel"}, lambda one: one["category"] == "fuel"),
    ({"category": ["fuel", "meals"]}, lambda one: one["category"] in {"fuel", "meals"}),
    ({"min_amount": "0.1"}, lambda one: one["amount"] >= Decimal("0.1")),
    ({"max_amount": "0.10"}, lambda one: one["amount"] <= Decimal("0.1")),
    ({"needs_review": "true"}, lambda one: one["asks"]),
    ({"needs_review": "false"}, lambda one: not one["asks"]),
]


async def furnish(book: Ledger, dice: Random) -> list[Json]:
    """Store expenses of every kind; return what a filter can know of each."""
    known = []
    for _ in range(24):
        day = DAY - timedelta(days=dice.randrange(5))
        amount, category = dice.choice(["-1", "0.1", "0.1000001", "12"]), dice.choice(["fuel", "travel"])
        chosen, asked, reviewed = dice.choice([None, None, "meals"]), dice.random() < 0.5, dice.random() < 0.3
        id_ = await book.expense(amount, day, category=category)
        await book.live.change(
            "UPDATE expenses SET user_category_id = :chosen, needs_review = :asked,"
            " reviewed_at = CASE WHEN :reviewed THEN now() END WHERE id = :id",
            id=id_, chosen=chosen, asked=asked, reviewed=reviewed,
        )  # fmt: skip
        asks = asked and chosen is None and not reviewed
        known.append({"id": id_, "day": day, "amount": Decimal(amount), "category": chosen or category, "asks": asks})
    return known


async def test_filters_find_what_they_mean_alone_and_together(live: World) -> None:
    """Each filter, and each two of them at once, find exactly the expenses that meet all they say."""
    known = await furnish(await ledger(live), Random(7))  # noqa: S311 - a play
    for one, meets_one in MODEL:
        for other, meets_other in MODEL:
            expected = sorted(row["id"] for row in known if meets_one(row) and meets_other(row))
            if not one.keys() & other.keys():
                assert await found(live, **one, **other) == expected, (one, other)
        assert await found(live, **one) == sorted(row["id"] for row in known if meets_one(row)), one


async def test_one_account_is_listed_alone(live: World) -> None:
    """`account` lists what was paid from that account, also once its bank is disconnected."""
    one, other = await ledger(live), await ledger(live)
    mine, _ = await one.expense(), await other.expense()
    assert await found(live, account=one.account_id) == [mine]
    await live.change("UPDATE plaid_integrations SET is_active = false, status = 'disconnected'")
    assert await found(live, account=one.account_id) == [mine]


@pytest.mark.parametrize("account", ["yours", "0", "x", "-1", "9" * 30, "1' OR '1'='1", "٣"])
async def test_an_account_of_nobody_or_somebody_else_is_not_there(live: World, account: str) -> None:
    """Nobody learns whether another's account exists."""
    yours = await ledger(live, 2)
    asked = str(yours.account_id) if account == "yours" else account
    status, problem = await refusal(live, account=asked)
    assert (status, problem["detail"]) == (404, "There is no such account.")


STRANGE = ["100%", "a_b", "\\", "'; DROP TABLE expenses; --", "<script>alert(1)</script>", "ÄÖÜ ß 数 🧾", '"', "%", "_"]


@pytest.mark.parametrize("column", ["description", "vendor", "note"])
async def test_search_is_literal(live: World, column: str) -> None:
    """Any text finds the rows that contain it and no others, in each column searched, and comes back as it is."""
    book = await ledger(live)
    ids = {}
    for strange in STRANGE:
        ids[strange] = await book.expense()
        await write(live, ids[strange], **{column: f"x{strange}y"})
    for strange in STRANGE:
        expected = sorted(id_ for other, id_ in ids.items() if strange.lower() in f"x{other}y".lower())
        assert await found(live, q=strange) == expected, strange
    items = (await live.get(EXPENSES)).json()["items"]
    assert {item["id"]: item[column] for item in items} == {id_: f"x{strange}y" for strange, id_ in ids.items()}


async def test_search_ignores_case_and_an_empty_one_finds_all(live: World) -> None:
    """`home depot` finds HOME DEPOT; a search box that was emptied narrows nothing."""
    book = await ledger(live)
    ids = sorted([await book.expense(), await book.expense()])
    await write(live, ids[0], description="Unrelated", vendor=None)
    assert await found(live, q="home Depot") == ids[1:]
    assert await found(live, q="") == ids


async def test_excluded_ones_are_listed_only_when_asked_for(live: World) -> None:
    """They are in no list but their own; withdrawn ones are in none."""
    book = await ledger(live)
    shown, excluded, withdrawn = await book.expense(), await book.expense(), await book.expense()
    await write(live, excluded, excluded=True)
    await live.change("UPDATE expenses SET withdrawn_at = now(), excluded = true WHERE id = :id", id=withdrawn)
    assert await found(live) == await found(live, excluded="false") == [shown]
    assert await found(live, excluded="true") == [excluded]


async def test_what_is_no_expense_any_more_is_gone_at_once(live: World) -> None:
    """A category of money moved takes a row out of the list and the sums before the categorizer has withdrawn it."""
    book = await ledger(live)
    await write(live, await book.expense(), user_category_id="transfer")
    assert await found(live) == await found(live, category="transfer") == []
    assert (await live.get("/api/expenses/summary")).json()["items"] == []


@pytest.mark.parametrize("category", ["nonsense", "", "FUEL", "fuel,meals", "a\0b"])
async def test_an_unknown_category_is_named_with_what_there_is(shared: World, category: str) -> None:
    """A misspelt slug is no empty list: the answer lists the slugs there are."""
    status, problem = await refusal(shared, category=["fuel", category])
    assert (status, problem["code"]) == (422, "unknown_category")
    [error] = problem["errors"]
    assert error["field"] == "category"
    assert {"fuel", "transfer", "other"} <= set(error["message"].removeprefix("must be one of ").split(", "))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"min_amount": "NaN"}, "min_amount"),
        ({"max_amount": "Infinity"}, "max_amount"),
        ({"min_amount": "1e999999999"}, "min_amount"),
        ({"max_amount": "1" * 29}, "max_amount"),
        ({"min_amount": "1,5"}, "min_amount"),
        ({"from": "0000-01-01"}, "from"),
        ({"q": "x" * 201}, "q"),
        ({"q": "a\0b"}, "q"),
        ({"needs_review": "maybe"}, "needs_review"),
        ({"excluded": "all"}, "excluded"),
        ({"category": ["fuel"] * 101}, "category"),
    ],
)
async def test_a_senseless_filter_is_refused(shared: World, query: Query, field: str) -> None:
    """Whatever is sent: a list or a 422 that names the parameter, never a crash."""
    status, problem = await refusal(shared, **query)
    assert (status, problem["code"]) == (422, "invalid_request")
    assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize("query", [{"from": "2026-02-01", "to": "2026-01-01"}, {"min_amount": "2", "max_amount": "1"}])
async def test_an_empty_range_is_refused(shared: World, query: Query) -> None:
    """A range that ends before it begins is named, as in the summary."""
    status, problem = await refusal(shared, **query)
    assert (status, problem["code"]) == (422, "invalid_request")
    assert next(iter(query)) in problem["detail"]


async def test_pages_of_a_filtered_list_are_all_of_it(live: World) -> None:
    """Following the cursor with the same filter, written another way, shows each expense that it means once."""
    known = await furnish(await ledger(live), Random(9))  # noqa: S311 - a play
    expected = sorted(row["id"] for row in known if row["category"] in {"fuel", "meals"})
    seen, cursor = [], None
    for turn in range(len(known)):
        slugs = ["fuel", "meals"] if turn % 2 else ["meals", "fuel"]
        query: Query = {"category": slugs, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await live.api.get(EXPENSES, params=query, headers=bearer())).json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert sorted(seen) == expected


async def test_a_cursor_belongs_to_its_filters(live: World) -> None:
    """With other filters, or none, it is refused and says why: a page of another list would silently skip rows."""
    book = await ledger(live)
    for _ in range(3):
        await book.expense()
    filtered = (await live.get(EXPENSES, limit=1, q="HOME")).json()["next_cursor"]
    plain = (await live.get(EXPENSES, limit=1)).json()["next_cursor"]
    assert (await live.get(EXPENSES, cursor=filtered, q="HOME")).status_code == 200
    for query in ({"cursor": filtered}, {"cursor": filtered, "q": "home"}, {"cursor": plain, "q": "HOME"}):
        status, problem = await refusal(live, **query)
        assert (status, problem["code"]) == (400, "cursor_of_another_list")
        assert "filters" in problem["detail"]
