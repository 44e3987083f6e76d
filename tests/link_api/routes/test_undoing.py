"""Many expenses got one category, and then not."""

import asyncio
from collections import Counter

import httpx2
import pytest
from sqlalchemy import text

from tests.categorizer.locks import waits_for_a_lock
from tests.link_api.ledger import Ledger, ledger
from tests.link_api.test_decisions import edit
from tests.link_api.world import Json, World

PATH = "/api/expenses/recategorise"
STATE = """
    SELECT id, user_category_id, note, excluded, reviewed_at, reviewed_category, answered_at FROM expenses ORDER BY id
"""


async def shelf(live: World) -> tuple[Ledger, list[int]]:
    """Store four expenses: one untouched, one chosen, one confirmed, one with a note and left out."""
    book = await ledger(live)
    ids = [await book.expense(str(n)) for n in range(1, 5)]
    await edit(live, ids[1], category="meals")
    await edit(live, ids[2], reviewed=True)
    await edit(live, ids[3], note="mine", excluded=True)
    return book, ids


async def file(live: World, ids: list[int], category: str | None = "fuel") -> int:
    """Give these a category; return what undoes it."""
    answer = await live.post(PATH, {"ids": ids, "category": category})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["undo_id"])


async def undo(live: World, id_: object, user_id: int = 1) -> httpx2.Response:
    return await live.post(f"{PATH}/{id_}/undo", None, user_id)


async def undone(live: World, id_: int) -> Json:
    answer = await undo(live, id_)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def heard(live: World) -> Counter[str]:
    """Return how often each kind of event was told, hints as the browser gets them."""
    kinds = "SELECT type FROM outbox WHERE type NOT LIKE 'expenses.%' UNION ALL SELECT type FROM user_events"
    return Counter(row["type"] for row in await live.rows(kinds))


async def chosen(live: World) -> list[str | None]:
    return [row["user_category_id"] for row in await live.rows(STATE)]


@pytest.mark.parametrize("category", ["fuel", "transfer", None])
async def test_everything_is_again_as_it_was(live: World, category: str | None) -> None:
    """Categories and when they were said, confirmations, notes, exclusions: to the last bit, and it is told."""
    _, ids = await shelf(live)
    before = await live.rows(STATE)
    act = await file(live, ids, category)
    changed = sum(one["user_category_id"] != category for one in before)
    told = await heard(live)
    assert await undone(live, act) == {"restored": changed, "left": 0, "examples": []}
    assert await live.rows(STATE) == before
    since = await heard(live) - told
    moved = {"transactions.changed"} if category == "transfer" else set()
    assert set(since) == {"expenses.changed", "expense.corrected"} | moved


async def test_what_was_decided_since_stays(live: World) -> None:
    """Another category, taken back, chosen again, looked through: each is the user's newer word, and is told."""
    _, ids = await shelf(live)
    act = await file(live, ids)
    await edit(live, ids[0], category="travel")
    await edit(live, ids[1], category=None)
    await edit(live, ids[2], category="travel")
    await edit(live, ids[2], category="fuel")
    outcome = await undone(live, act)
    assert (outcome["restored"], outcome["left"]) == (1, 3)
    assert {one["id"] for one in outcome["examples"]} == set(ids[:3])
    assert await chosen(live) == ["travel", None, "fuel", None]


async def test_a_note_of_since_is_no_decision_about_the_category(live: World) -> None:
    """It stays, and the category goes back."""
    _, ids = await shelf(live)
    act = await file(live, ids)
    await edit(live, ids[0], note="since", excluded=True)
    assert (await undone(live, act))["left"] == 0
    [row, *_] = await live.rows(STATE)
    assert (row["user_category_id"], row["note"], row["excluded"]) == (None, "since", True)


async def test_once(live: World) -> None:
    """A second time is refused, also at the same moment, and what was decided in between stays."""
    _, ids = await shelf(live)
    act = await file(live, ids)
    answers = await asyncio.gather(*(undo(live, act) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    await edit(live, ids[0], category="fuel")
    again = await undo(live, act)
    assert (again.status_code, again.json()["code"]) == (409, "already_undone")
    assert (await chosen(live))[0] == "fuel"


async def test_one_undo_leads_to_what_the_one_before_left(live: World) -> None:
    """Acts are undone newest first; an older one leaves what a newer one has changed."""
    _, ids = await shelf(live)
    first, second = await file(live, ids), await file(live, ids, "travel")
    assert (await undone(live, first))["restored"] == 0
    assert await chosen(live) == ["travel"] * 4
    assert (await undone(live, second))["restored"] == 4
    assert await chosen(live) == ["fuel"] * 4


async def test_by_its_user_and_for_thirty_days(live: World) -> None:
    """Others, guesses and those who come too late learn nothing: 404, and nothing is changed."""
    _, ids = await shelf(live)
    act = await file(live, ids)
    await ledger(live, 2)
    tried = [await undo(live, act, 2)] + [await undo(live, odd) for odd in (act + 1, 0, "x", "9" * 40)]
    await live.change("UPDATE recategorisations SET created_at = now() - interval '31 days'")
    tried.append(await undo(live, act))
    assert {(one.status_code, one.json()["detail"]) for one in tried} == {(404, "There is no such recategorisation.")}
    assert await chosen(live) == ["fuel"] * 4


async def test_nothing_changed_is_nothing_to_undo(live: World) -> None:
    """A dry run, and a change that changes nothing, have no way back."""
    _, ids = await shelf(live)
    body = {"ids": ids, "category": "fuel"}
    assert (await live.post(PATH, body | {"dry_run": True})).json()["undo_id"] is None
    await file(live, ids)
    assert (await live.post(PATH, body)).json()["undo_id"] is None


async def test_an_edit_that_wins_the_race_stays(live: World) -> None:
    """An undo that waited for an edit sees it, and leaves what its user has just decided."""
    _, ids = await shelf(live)
    act = await file(live, ids)
    async with live.database.transaction() as session:
        await session.execute(text("SELECT FROM plaid_transactions FOR UPDATE"))
        undoing = asyncio.create_task(undone(live, act))
        await waits_for_a_lock(live.database)
        newer = "UPDATE expenses SET user_category_id = 'travel', answered_at = now() WHERE id = :id"
        await session.execute(text(newer), {"id": ids[0]})
    outcome = await undoing
    assert (outcome["restored"], outcome["left"]) == (3, 1)
    assert (await chosen(live))[0] == "travel"


async def test_undos_edits_and_changes_at_once_end(live: World) -> None:
    """In any order and many together: none stops another, each expense has a category that somebody gave it."""
    _, ids = await shelf(live)
    acts = [await file(live, ids, category) for category in ("fuel", "travel", "transfer")]
    await asyncio.gather(
        *(undo(live, act) for act in acts),
        *(live.post(PATH, {"ids": ids[::way], "category": "meals"}) for way in (1, -1)),
        *(edit(live, id_, category="rent") for id_ in ids),
    )
    assert set(await chosen(live)) <= {"fuel", "travel", "meals", "rent"}
