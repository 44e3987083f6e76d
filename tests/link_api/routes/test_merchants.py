"""Expenses of one merchant, and what was answered about it."""

from typing import Any

import pytest

from tests.link_api.ledger import Ledger, ledger
from tests.link_api.test_decisions import edit
from tests.link_api.world import Json, World


async def of_merchant(book: Ledger, merchant: str | None, entity_id: str | None = None, amount: str = "5") -> int:
    """Store an expense of a merchant, as the categorizer names it."""
    id_ = await book.expense(amount)
    sql = "UPDATE expenses SET merchant = :merchant, merchant_entity_id = :entity WHERE id = :id"
    await book.live.change(sql, merchant=merchant, entity=entity_id, id=id_)
    return id_


async def listed(live: World, **query: Any) -> set[int]:
    answer = await live.get("/api/expenses", **query)
    assert answer.status_code == 200, answer.text
    return {one["id"] for one in answer.json()["items"]}


async def test_those_of_the_same_merchant_are_found(live: World) -> None:
    """By Plaid's id or by the words of the line, in both directions; what names nobody is like nothing but itself."""
    book, other = await ledger(live), await ledger(live, 2)
    named, known = await of_merchant(book, "SHELL"), await of_merchant(book, "SHELL OIL", "e1")
    both, refund = await of_merchant(book, "SHELL", "e1"), await of_merchant(book, "SHELL", amount="-5")
    nobody, unread = [await of_merchant(book, ""), await of_merchant(book, "")], await of_merchant(book, None)
    await of_merchant(other, "SHELL", "e1")
    assert await listed(live, merchant_of=named) == {named, both, refund}
    assert await listed(live, merchant_of=known) == {known, both}
    assert await listed(live, merchant_of=both) == {named, known, both, refund}
    assert await listed(live, merchant_of=nobody[0]) == {nobody[0]}
    assert await listed(live, merchant_of=unread) == {unread}
    assert await listed(live, merchant_of=both, max_amount="0") == {refund}


@pytest.mark.parametrize("odd", ["x", "0", "9" * 40, "-1"])
async def test_a_foreign_or_unknown_expense_names_no_merchant(live: World, odd: str) -> None:
    """It is 404, as if it were not there, for lists and for changes of many."""
    foreign = await of_merchant(await ledger(live, 2), "SHELL")
    mine = await of_merchant(await ledger(live), "SHELL")
    for id_ in (str(foreign), str(foreign + 1000), odd):
        answer = await live.get("/api/expenses", merchant_of=id_)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such expense.")
    body = {"filter": {"merchant_of": foreign}, "category": "fuel"}
    assert (await live.post("/api/expenses/recategorise", body)).status_code == 404
    [row] = await live.rows("SELECT user_category_id FROM expenses WHERE id = :id", id=mine)
    assert row["user_category_id"] is None


async def test_many_of_a_merchant_get_one_category(live: World) -> None:
    """A change of many means a merchant, whatever its lines say otherwise."""
    book = await ledger(live)
    ids = [await of_merchant(book, "SHELL"), await of_merchant(book, "SHELL"), await of_merchant(book, "TARGET")]
    body = {"filter": {"merchant_of": ids[0]}, "category": "fuel", "dry_run": True}
    preview = (await live.post("/api/expenses/recategorise", body)).json()
    assert {one["expense"]["id"] for one in preview["examples"]} == set(ids[:2])
    assert (await live.post("/api/expenses/recategorise", body | {"dry_run": False})).json()["changed"] == 2


async def remembered(live: World, id_: int) -> Json | None:
    answer = await live.get(f"/api/expenses/{id_}/explain")
    assert answer.status_code == 200, answer.text
    memory: Json | None = answer.json()["memory"]
    return memory


async def test_why_tells_what_was_answered_about_the_merchant(live: World) -> None:
    """Newest first, chosen or confirmed, about others of the merchant and direction; not about itself."""
    book, other = await ledger(live), await ledger(live, 2)
    ids = [await of_merchant(book, "SHELL") for _ in range(3)]
    await edit(live, await of_merchant(book, "SHELL", amount="-5"), category="travel")
    assert await remembered(live, ids[0]) is None
    await edit(live, ids[1], category="fuel")
    await edit(live, ids[2], reviewed=True)
    memory = await remembered(live, ids[0])
    assert memory is not None
    assert memory["merchant"] == "HOME DEPOT 4411"
    answers = [(one["expense_id"], one["category"]["slug"]) for one in memory["answers"]]
    assert answers == [(ids[2], "materials"), (ids[1], "fuel")]
    assert memory["answers"][0]["answered_at"] > memory["answers"][1]["answered_at"]
    own = await remembered(live, ids[2])
    assert own is not None
    assert [one["expense_id"] for one in own["answers"]] == [ids[1]]
    foreign = await of_merchant(other, "SHELL")
    answer = await live.get(f"/api/expenses/{foreign}/explain", 2)
    assert answer.json()["memory"] is None


async def test_plaids_id_comes_first(live: World) -> None:
    """Where anything was answered under it, what other lines of that name were is no memory of it."""
    book = await ledger(live)
    asked = await of_merchant(book, "UBER", "e-eats")
    rides, meal = await of_merchant(book, "UBER", "e-rides"), await of_merchant(book, "EATS", "e-eats")
    await edit(live, rides, category="travel")
    for count, newest in ((1, rides), (1, meal)):
        if newest == meal:
            await edit(live, meal, category="meals")
        memory = await remembered(live, asked)
        assert memory is not None
        assert [one["expense_id"] for one in memory["answers"]] == [newest] * count


async def test_the_newest_five_are_told(live: World) -> None:
    """As many as the next decision goes by."""
    book = await ledger(live)
    ids = [await of_merchant(book, "SHELL") for _ in range(8)]
    for id_ in ids[:7]:
        await edit(live, id_, category="fuel")
    memory = await remembered(live, ids[7])
    assert memory is not None
    assert [one["expense_id"] for one in memory["answers"]] == ids[6:1:-1]
