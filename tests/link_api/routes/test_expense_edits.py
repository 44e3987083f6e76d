import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from common.broker import Message
from link_api.schemas.expenses import LONGEST_NOTE
from tests.link_api.ledger import ledger
from tests.link_api.world import Json, World, bearer

EXPENSES = "/api/expenses"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def told(live: World) -> Iterator[list[tuple[str, Json]]]:
    """Every event whose transaction committed: type and body."""
    events: list[tuple[str, Json]] = []
    publish = live.database.after_commit

    def remember(messages: list[Message]) -> None:
        events.extend((message.type, json.loads(message.body)) for message in messages)
        publish(messages)

    live.database.after_commit = remember
    yield events
    live.database.after_commit = publish


async def patch(
    live: World, id_: object, user_id: int = 1, if_match: str | None = None, **body: Any
) -> httpx2.Response:
    """Decide about an expense as a user; text goes in ASCII escapes, so that it need not be Unicode."""
    headers = bearer(user_id) | ({"If-Match": if_match} if if_match is not None else {})
    return await live.api.patch(f"{EXPENSES}/{id_}", content=json.dumps(body), headers=JSON | headers)


async def patched(live: World, id_: int, **body: Any) -> Json:
    """Decide about an expense; return it as it then is."""
    answer = await patch(live, id_, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def row(live: World, id_: int) -> Json:
    [found] = await live.rows("SELECT * FROM expenses WHERE id = :id", id=id_)
    return dict(found)


async def test_a_decision_stands_at_once(live: World) -> None:
    """The answer, the expense, the list and the sum all show what the user decided."""
    id_ = await (await ledger(live)).expense()
    shown = await patched(live, id_, category="fuel", note="to the site", reviewed=True)
    assert (shown["category"]["slug"], shown["source"], shown["confidence"]) == ("fuel", "user", "1")
    assert (shown["note"], shown["reviewed"], shown["excluded"], shown["withdrawn"]) == (
        "to the site",
        True,
        False,
        False,
    )
    assert (await live.get(f"{EXPENSES}/{id_}")).json() == shown
    assert (await live.get(EXPENSES)).json()["items"] == [shown]
    [line] = (await live.get(f"{EXPENSES}/summary")).json()["items"]
    assert line["category"]["slug"] == "fuel"


async def test_what_is_left_out_stays(live: World) -> None:
    """Each field is changed alone, the others stay; a null takes back what can be taken back."""
    id_ = await (await ledger(live)).expense()
    await patched(live, id_, category="fuel", note="mine", excluded=True, reviewed=True)
    assert (await patched(live, id_))["note"] == "mine"
    kept = {"category": "fuel", "note": "mine", "excluded": True, "reviewed": True}
    for change, left in (
        ({"note": None}, {"note": None}),
        ({"category": None}, {"category": "materials"}),
        ({"excluded": False}, {"excluded": False}),
        ({"reviewed": False}, {"reviewed": False}),
        ({"note": ""}, {"note": ""}),
    ):
        kept |= left
        shown = await patched(live, id_, **change)
        assert {name: shown[name] for name in kept} | {"category": shown["category"]["slug"]} == kept


async def test_only_the_users_columns_are_written(live: World) -> None:
    """Whatever is edited, what the categorizer decides stays to the last bit, also when it was said."""
    id_ = await (await ledger(live)).expense()
    before = await row(live, id_)
    await patched(live, id_, category="fuel", note="n", excluded=True, reviewed=True)
    after = await row(live, id_)
    users = {"user_category_id", "note", "excluded", "reviewed_at", "answered_at"}
    assert {name for name in before if before[name] != after[name]} == users


async def test_reviewed_ends_the_question(live: World) -> None:
    """An expense that asks asks no more once it is reviewed or has the user's category, and asks again without."""
    id_ = await (await ledger(live)).expense(category="other")
    await live.change("UPDATE expenses SET needs_review = true")

    async def asks() -> tuple[bool, int]:
        shown = (await live.get(f"{EXPENSES}/{id_}")).json()["needs_review"]
        return shown, len((await live.get(EXPENSES, needs_review="true")).json()["items"])

    assert await asks() == (True, 1)
    for change, asked in (
        ({"reviewed": True}, (False, 0)),
        ({"reviewed": False}, (True, 1)),
        ({"category": "fuel"}, (False, 0)),
        ({"category": None}, (True, 1)),
    ):
        await patched(live, id_, **change)
        assert await asks() == asked


async def test_reviewed_keeps_its_first_moment(live: World) -> None:
    """Saying it again is no news."""
    id_ = await (await ledger(live)).expense()
    await patched(live, id_, reviewed=True)
    since = (await row(live, id_))["reviewed_at"]
    await patched(live, id_, reviewed=True, note="again")
    assert (await row(live, id_))["reviewed_at"] == since is not None


@pytest.mark.parametrize(
    ("asks", "steps", "answer"),
    [
        (False, [{"category": "fuel"}], "fuel"),
        (False, [{"reviewed": True}], "materials"),
        (False, [{"reviewed": True}, {"reviewed": False}], None),
        (False, [{"reviewed": True}, {"category": "fuel"}], "fuel"),
        (False, [{"reviewed": True}, {"category": "fuel"}, {"category": None}], "materials"),
        (False, [{"category": "fuel", "reviewed": True}, {"category": None}], None),
        (False, [{"category": "fuel"}, {"category": None}], None),
        (False, [{"note": "n", "excluded": True}], None),
        (True, [{"reviewed": True}], None),
        (True, [{"reviewed": True}, {"category": "fuel"}], "fuel"),
    ],
)
async def test_what_counts_as_an_answer(live: World, asks: bool, steps: list[Json], answer: str | None) -> None:
    """A category chosen, or ours confirmed as it stood; a question put away, a note, an exclusion are none."""
    id_ = await (await ledger(live)).expense()
    await live.change("UPDATE expenses SET needs_review = :asks", asks=asks)
    for step in steps:
        await patched(live, id_, **step)
    await live.change("UPDATE expenses SET auto_category = 'meals'")  # decided anew since
    said = await row(live, id_)
    assert (said["user_category_id"] or said["reviewed_category"]) == answer
    assert (said["answered_at"] is not None) == (answer is not None)


async def test_an_answer_is_as_old_as_it_is(live: World) -> None:
    """Saying another thing, or reviewing what one chose, makes it new; a note or the same again does not."""
    id_ = await (await ledger(live)).expense()
    moments = []
    for step in ({"category": "fuel"}, {"category": "fuel", "note": "n"}, {"category": "meals"}, {"reviewed": True}):
        await patched(live, id_, **step)
        moments.append((await row(live, id_))["answered_at"])
    assert moments[0] == moments[1] < moments[2] < moments[3]


HINT, TAUGHT, REDECIDE = "expenses.changed", "expense.corrected", "transactions.changed"


@pytest.mark.parametrize(
    ("first", "then", "types"),
    [
        ({}, {"note": "a note"}, [HINT]),
        ({}, {"excluded": True}, [HINT]),
        ({}, {"reviewed": True}, [HINT, TAUGHT]),
        ({"category": "fuel"}, {"reviewed": True}, [HINT]),
        ({}, {"category": "fuel"}, [HINT, TAUGHT]),
        ({}, {"category": "materials"}, [HINT, TAUGHT]),
        ({}, {"category": "groceries"}, [HINT, TAUGHT]),
        ({}, {"category": "transfer"}, [HINT, TAUGHT, REDECIDE]),
        ({"category": "transfer"}, {"category": "income"}, [HINT, TAUGHT]),
        ({"category": "transfer"}, {"category": "fuel"}, [HINT, TAUGHT, REDECIDE]),
        ({"category": "transfer"}, {"category": None}, [HINT, TAUGHT, REDECIDE]),
        ({"category": "fuel", "note": "n"}, {"category": "fuel", "note": "n"}, []),
        ({"note": "n"}, {}, []),
        ({}, {"category": None, "note": None, "excluded": False, "reviewed": False}, []),
    ],
)
async def test_who_hears_of_it(
    live: World, told: list[tuple[str, Json]], first: Json, then: Json, types: list[str]
) -> None:
    """The user's windows hear every change, who learns hears answers, the categorizer where money moved changes.

    What changes nothing tells nobody.
    """
    book = await ledger(live)
    id_ = await book.expense()
    await patched(live, id_, **first)
    told.clear()
    await patched(live, id_, **then)
    assert [type_ for type_, _ in told] == types
    for type_, body in told:
        if type_ == REDECIDE:
            [transaction] = await live.rows("SELECT transaction_id FROM expenses")
            assert (body["integration_id"], body["transaction_ids"]) == (
                book.integration_id,
                [transaction["transaction_id"]],
            )
        else:
            assert (body["user_id"], body["expense_ids"]) == (1, [id_])


@pytest.mark.parametrize("path", ["", "/explain"])
async def test_a_foreign_or_unknown_expense_is_not_there(live: World, path: str) -> None:
    """Neither can be read, and the answers do not tell which it is."""
    id_ = await (await ledger(live, 2)).expense()
    await ledger(live, 1)
    for unknown in (id_, id_ + 1000, 0, -1, "x", "9" * 40, "1.5", "%00", "' OR 1=1 --"):
        answer = await live.get(f"{EXPENSES}/{unknown}{path}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such expense."), unknown


async def test_nobody_decides_about_anothers_expense(live: World, told: list[tuple[str, Json]]) -> None:
    """A foreign id is 404, whatever is sent with it; nothing is changed, nobody is told."""
    id_ = await (await ledger(live, 2)).expense()
    await ledger(live, 1)
    before = await row(live, id_)
    for if_match in (None, "*", '"x"'):
        answer = await patch(live, id_, if_match=if_match, category="fuel", note="mine now", excluded=True)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such expense.")
    assert await row(live, id_) == before
    assert told == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": "nonsense"}, "category"),
        ({"category": ""}, "category"),
        ({"category": "fu\0el"}, "category"),
        ({"category": 7}, "category"),
        ({"note": "x" * (LONGEST_NOTE + 1)}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"excluded": None}, "excluded"),
        ({"excluded": "yes"}, "excluded"),
        ({"reviewed": 1}, "reviewed"),
        ({"amount": "1"}, "amount"),
        ({"withdrawn_at": None}, "withdrawn_at"),
    ],
)
async def test_a_senseless_edit_changes_nothing(
    live: World, told: list[tuple[str, Json]], body: Json, field: str
) -> None:
    """What cannot be is named, and of the rest of the body nothing is done."""
    id_ = await (await ledger(live)).expense()
    sent: Json = {"note": "fine"} | body
    answer = await patch(live, id_, **sent)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert (await row(live, id_))["note"] is None
    assert told == []


TEXTS = [
    "'; DROP TABLE expenses; --",
    "<script>alert(1)</script>",
    "%s {0} \\' \" $1 :id",
    "Ü 数 🧾\u202e",
    " \n\t ",
    "x" * LONGEST_NOTE,
]


@pytest.mark.parametrize("note", TEXTS)
async def test_a_note_is_literal(live: World, note: str) -> None:
    """Whatever a user writes comes back as it was, up to the last character that fits."""
    id_ = await (await ledger(live)).expense()
    assert (await patched(live, id_, note=note))["note"] == note
    assert (await live.get(EXPENSES, q=note[:200])).json()["items"][0]["note"] == note
    assert (await row(live, id_))["note"] == note


async def test_an_edit_of_what_has_changed_is_refused(live: World, told: list[tuple[str, Json]]) -> None:
    """With the tag of an older state: 412, the state of now and its tag, nothing done; with that one it is."""
    id_ = await (await ledger(live)).expense()
    seen = (await live.get(f"{EXPENSES}/{id_}")).headers["ETag"]
    await patched(live, id_, note="from another window")
    told.clear()
    for stale in (seen, f"W/{seen}", '"x"'):
        refused = await patch(live, id_, if_match=stale, note="mine")
        assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["current"] == (await live.get(f"{EXPENSES}/{id_}")).json()
    assert told == []
    done = await patch(live, id_, if_match=refused.headers["ETag"], note="mine")
    assert (done.status_code, done.json()["note"]) == (200, "mine")
    assert done.headers["ETag"] == (await live.get(f"{EXPENSES}/{id_}")).headers["ETag"]
    assert (await patch(live, id_, if_match="*", note="yours")).json()["note"] == "yours"
    assert (await patch(live, id_, note="last")).json()["note"] == "last"


async def test_a_tag_follows_what_the_bank_and_we_say_too(live: World) -> None:
    """An amount that the bank corrects is another state than the one the user saw."""
    id_ = await (await ledger(live)).expense()
    seen = (await live.get(f"{EXPENSES}/{id_}")).headers["ETag"]
    assert (await live.get(f"{EXPENSES}/{id_}")).headers["ETag"] == seen
    await live.change("UPDATE expenses SET amount = 46")
    assert (await patch(live, id_, if_match=seen, category="fuel")).status_code == 412


async def test_of_two_windows_with_one_tag_one_wins(live: World) -> None:
    """However close together, one edit is done and the other is shown it."""
    id_ = await (await ledger(live)).expense()
    seen = (await live.get(f"{EXPENSES}/{id_}")).headers["ETag"]
    answers = await asyncio.gather(*(patch(live, id_, if_match=seen, note=f"window {n}") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    [winner] = [answer.json()["note"] for answer in answers if answer.status_code == 200]
    assert {answer.json()["current"]["note"] for answer in answers if answer.status_code == 412} == {winner}


async def test_edits_of_different_fields_at_once_all_stand(live: World) -> None:
    """Absent fields are left as they are at the moment of writing, not as they were at the moment of reading."""
    id_ = await (await ledger(live)).expense()
    for turn in range(5):
        wanted: Json = {"category": ["fuel", "meals"][turn % 2], "note": f"turn {turn}", "excluded": turn % 2 == 0}
        await asyncio.gather(*(patch(live, id_, **{name: value}) for name, value in wanted.items()))
        stored = await row(live, id_)
        assert (stored["user_category_id"], stored["note"], stored["excluded"]) == tuple(wanted.values())
