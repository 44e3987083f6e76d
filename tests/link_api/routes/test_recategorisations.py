import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from link_api import recategorisations
from tests.categorizer.locks import waits_for_a_lock
from tests.link_api.ledger import Ledger, ledger
from tests.link_api.world import Json, World

PATH = "/api/expenses/recategorise"
COUNTS = ("matched", "changing", "withdrawn", "changed", "remaining")


async def ask(live: World, user_id: int = 1, **body: Any) -> httpx2.Response:
    return await live.post(PATH, body, user_id)


async def done(live: World, **body: Any) -> Json:
    answer = await ask(live, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counts(outcome: Json) -> tuple[int, ...]:
    return tuple(outcome[name] for name in COUNTS)


async def chosen(live: World) -> dict[int, str | None]:
    """Return every expense's category that its user chose."""
    rows = await live.rows("SELECT id, user_category_id FROM expenses ORDER BY id")
    return {row["id"]: row["user_category_id"] for row in rows}


async def shelf(live: World) -> tuple[Ledger, list[int]]:
    """Store four expenses; the last is the user's own choice already."""
    book = await ledger(live)
    ids = [await book.expense(str(n)) for n in range(1, 5)]
    await live.change("UPDATE expenses SET user_category_id = 'fuel' WHERE id = :id", id=ids[-1])
    return book, ids


async def test_a_preview_says_what_would_change_and_changes_nothing(live: World) -> None:
    """Counts and examples are those of the change itself, as the expenses stand; nobody is told."""
    _, ids = await shelf(live)
    before = await live.rows("SELECT * FROM expenses ORDER BY id")
    preview = await done(live, filter={"min_amount": "2"}, category="fuel", dry_run=True)
    assert counts(preview) == (3, 2, 0, 0, 2)
    assert [example["expense"]["id"] for example in preview["examples"]] == [ids[2], ids[1]]
    assert preview["examples"][0]["expense"] == (await live.get(f"/api/expenses/{ids[2]}")).json()
    assert {example["becomes"]["slug"] for example in preview["examples"]} == {"fuel"}
    assert await live.rows("SELECT * FROM expenses ORDER BY id") == before
    assert await live.rows("SELECT type FROM user_events") == []
    applied = await done(live, filter={"min_amount": "2"}, category="fuel")
    assert counts(applied) == (3, 2, 0, 2, 0)
    assert applied["examples"] == preview["examples"]
    assert await chosen(live) == dict(zip(ids, [None, "fuel", "fuel", "fuel"], strict=True))


async def test_again_changes_nothing(live: World) -> None:
    """What has the category already stays as it is, and nobody is told twice."""
    await shelf(live)
    assert counts(await done(live, filter={"q": "HOME"}, category="travel")) == (4, 4, 0, 4, 0)
    told = await live.rows("SELECT id FROM user_events")
    assert counts(await done(live, filter={"q": "HOME"}, category="travel")) == (4, 0, 0, 0, 0)
    assert await live.rows("SELECT id FROM user_events") == told


async def test_a_null_narrows_nothing(live: World) -> None:
    """A condition that is null is as good as left out."""
    await shelf(live)
    nothing: Json = dict.fromkeys(("from", "to", "account", "min_amount", "max_amount", "needs_review"))
    assert counts(await done(live, filter={"q": "home", **nothing}, category="fuel", dry_run=True)) == (4, 3, 0, 0, 3)


async def test_more_than_one_call_changes_is_told_and_goes_on(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many are changed at once; asking again does the rest, until none remains."""
    monkeypatch.setattr(recategorisations, "MOST", 3)
    _, ids = await shelf(live)
    outcomes = [counts(await done(live, filter={"q": "home"}, category="travel")) for _ in range(3)]
    assert outcomes == [(4, 4, 0, 3, 1), (4, 1, 0, 1, 0), (4, 0, 0, 0, 0)]
    assert await chosen(live) == dict.fromkeys(ids, "travel")


async def test_examples_are_some(live: World) -> None:
    """However many change, twenty are shown."""
    book = await ledger(live)
    for _ in range(22):
        await book.expense()
    outcome = await done(live, filter={"category": ["materials"]}, category="fuel", dry_run=True)
    assert (outcome["changing"], len(outcome["examples"])) == (22, 20)


async def test_money_moved_is_decided_anew_and_back(live: World) -> None:
    """A category that is no expense's withdraws: told beforehand, and the categorizer is asked, for each bank apart."""
    (one, ids), (other, more) = await shelf(live), await shelf(live)
    await live.change("UPDATE expenses SET user_category_id = 'income' WHERE id = :id", id=ids[0])
    outcome = await done(live, ids=ids + more, category="transfer")
    assert counts(outcome) == (8, 8, 7, 8, 0)
    events = await live.emitted("transactions.changed")
    rows = await live.rows(
        "SELECT t.id, t.integration_id, e.id AS expense"
        " FROM plaid_transactions t JOIN expenses e ON e.transaction_id = t.id"
    )
    for book in (one, other):
        expected = {
            row["id"] for row in rows if row["integration_id"] == book.integration_id and row["expense"] != ids[0]
        }
        [event] = [event for event in events if event["integration_id"] == book.integration_id]
        assert set(event["transaction_ids"]) == expected
    back = await done(live, ids=ids + more, category=None)
    assert counts(back) == (8, 8, 0, 8, 0)
    assert {example["becomes"]["slug"] for example in back["examples"]} == {"materials"}
    assert set((await chosen(live)).values()) == {None}


async def test_note_exclusion_and_review_stay(live: World) -> None:
    """One category for many touches nothing else that the user decided."""
    _, ids = await shelf(live)
    await live.change("UPDATE expenses SET note = 'mine', excluded = true, reviewed_at = now()")
    before = await live.rows("SELECT note, excluded, reviewed_at FROM expenses")
    assert counts(await done(live, filter={"excluded": True}, category="travel"))[3] == 4
    assert await live.rows("SELECT note, excluded, reviewed_at FROM expenses") == before
    assert await chosen(live) == dict.fromkeys(ids, "travel")


async def test_what_is_meant_is_looked_at_once_it_is_locked(live: World) -> None:
    """An expense that its user reviews while a change waits for it is no open question any more, and stays."""
    _, ids = await shelf(live)
    await live.change("UPDATE expenses SET needs_review = true, user_category_id = NULL")
    async with live.database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions FOR UPDATE"))
        waiting = asyncio.create_task(done(live, filter={"needs_review": True}, category="fuel"))
        await waits_for_a_lock(live.database)
        await session.execute(text("UPDATE expenses SET user_category_id = 'meals' WHERE id = :id"), {"id": ids[0]})
    assert counts(await waiting) == (4, 4, 0, 3, 1)
    assert await chosen(live) == dict(zip(ids, ["meals", "fuel", "fuel", "fuel"], strict=True))


async def test_changes_at_once_do_not_stop_each_other(live: World) -> None:
    """Many of the same expenses, in any order, by several windows: each ends, and one category stands in all."""
    _, ids = await shelf(live)
    slugs = ["fuel", "meals", "travel", "transfer"]
    answers = await asyncio.gather(*(ask(live, ids=ids[::turn], category=slug) for slug in slugs for turn in (1, -1)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(set((await chosen(live)).values())) == 1


@pytest.mark.parametrize("by", ["ids", "mixed", "account"])
async def test_nobody_recategorises_anothers_expenses(live: World, by: str) -> None:
    """A foreign id, also among one's own, or a foreign account is 404; a filter means one's own alone."""
    yours, _ = await shelf(live)
    foreign = await ledger(live, 2)
    theirs, mine = await foreign.expense(), await yours.expense()
    before = await chosen(live)
    bodies: dict[str, Json] = {
        "ids": {"ids": [theirs]},
        "mixed": {"ids": [mine, theirs]},
        "account": {"filter": {"account": foreign.account_id}},
    }
    for dry_run in (True, False):
        assert (await ask(live, category="travel", dry_run=dry_run, **bodies[by])).status_code == 404
    assert await chosen(live) == before
    await done(live, filter={"q": "home"}, category="travel")
    assert (await chosen(live))[theirs] is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"category": "fuel"}, "either `ids` or `filter`"),
        ({"category": "fuel", "ids": [1], "filter": {"q": "x"}}, "either `ids` or `filter`"),
        ({"category": "fuel", "filter": {}}, "must have a condition"),
        (
            {"category": "fuel", "filter": {"q": "", "category": [], "excluded": False, "to": None}},
            "must have a condition",
        ),
        ({"category": "fuel", "ids": []}, "ids"),
        ({"category": "fuel", "ids": list(range(1, 1002))}, "ids"),
        ({"category": "fuel", "ids": [0]}, "ids"),
        ({"category": "fuel", "ids": ["1"]}, "ids"),
        ({"category": "fuel", "ids": [2**63]}, "ids"),
        ({"ids": [1]}, "category"),
        ({"category": "nonsense", "filter": {"q": "x"}}, "no such category"),
        ({"category": "fuel", "filter": {"category": ["nonsense"]}}, "no such category"),
        ({"category": "fuel", "filter": {"min_amount": 0.1}}, "min_amount"),
        ({"category": "fuel", "filter": {"max_amount": "1e999999999"}}, "max_amount"),
        ({"category": "fuel", "filter": {"min_amount": "2", "max_amount": "1"}}, "min_amount"),
        ({"category": "fuel", "filter": {"vendor": "x"}}, "vendor"),
        ({"category": "fuel", "filter": {"q": "x"}, "dry_run": "yes"}, "dry_run"),
    ],
)
async def test_a_senseless_change_is_refused(live: World, body: Json, told: str) -> None:
    """Above all one that would mean every expense; what is wrong is named, nothing is changed."""
    await shelf(live)
    before = await chosen(live)
    answer = await ask(live, **body)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]
    assert await chosen(live) == before
