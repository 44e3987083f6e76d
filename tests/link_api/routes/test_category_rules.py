import asyncio
import json
from typing import Any

import httpx2
import pytest

from link_api import rules as use_case
from tests.link_api.ledger import ledger
from tests.link_api.listener import listening
from tests.link_api.rulebook import RULES, rule, rules
from tests.link_api.world import Json, World, bearer


async def edit(live: World, rule_id: object, user_id: int = 1, **body: Any) -> httpx2.Response:
    return await live.api.patch(f"{RULES}/{rule_id}", json=body, headers=bearer(user_id))


async def order(live: World, user_id: int = 1) -> list[str]:
    """Return what the user's rules look for, in order; their positions have no gaps."""
    listed = await rules(live, user_id)
    assert [one["position"] for one in listed] == list(range(1, len(listed) + 1))
    return [one["conditions"]["contains"] for one in listed]


async def test_a_rule_is_kept_as_it_was_laid_down(live: World) -> None:
    """Every condition is shown again as it was written, amounts exact; a rule without a position is the last."""
    book = await ledger(live)
    await rule(live, contains="x")
    made = await rule(
        live, "materials", contains="  CAFÉ 100%_\\ 'x' <b>", min_amount="0", max_amount="12.345678901234567890",
        currency="USD", account=book.account_id, money="out",
    )  # fmt: skip
    assert made["conditions"] == {
        "contains": "  CAFÉ 100%_\\ 'x' <b>",
        "equals": None,
        "min_amount": "0.00",
        "max_amount": "12.34567890123456789",
        "currency": "USD",
        "account": {"id": book.account_id, "name": "Checking", "mask": "0000"},
        "money": "out",
    }
    assert (made["position"], made["category"]["slug"]) == (2, "materials")
    assert (await rules(live))[1] == made


async def test_rules_have_an_order(live: World) -> None:
    """A rule is made at a position, moved to another or beyond the end, deleted: the others keep their order."""
    made = {name: (await rule(live, contains=name))["id"] for name in "abc"}
    await rule(live, contains="d", position=1)
    assert await order(live) == ["d", "a", "b", "c"]
    for position, expected in ((2, "dcab"), (200, "dabc"), (1, "cdab"), (1, "cdab")):
        answer = await edit(live, made["c"], position=position)
        assert answer.json()["position"] == min(position, 4)
        assert await order(live) == list(expected)
    assert (await live.delete(f"{RULES}/{made['a']}")).status_code == 204
    assert await order(live) == ["c", "d", "b"]
    assert (await live.delete(f"{RULES}/{made['a']}")).status_code == 404


async def test_an_edit_changes_what_it_names(live: World) -> None:
    """Conditions are replaced as a whole; what is left out or null stays."""
    made = await rule(live, "fuel", contains="shell", money="out")
    for body, conditions, slug in (
        ({"category": "travel"}, {"contains": "shell", "money": "out"}, "travel"),
        ({"conditions": {"equals": "esso"}, "category": None}, {"equals": "esso"}, "travel"),
        ({}, {"equals": "esso"}, "travel"),
    ):
        shown = (await edit(live, made["id"], **body)).json()
        assert {name: value for name, value in shown["conditions"].items() if value is not None} == conditions
        assert (shown["category"]["slug"], shown["id"], shown["position"]) == (slug, made["id"], 1)


async def test_each_change_is_told(live: World) -> None:
    """The user's windows hear of a new, changed, or deleted rule; nobody else does."""
    async with listening(live, 2) as other, listening(live) as stream:
        made = await rule(live, contains="x")
        await edit(live, made["id"], category="fuel")
        await live.delete(f"{RULES}/{made['id']}")
        for _ in range(3):
            assert (await stream.next()).type == "rules.changed"
        await rule(live, user_id=2, contains="y")
        heard = await other.next()
        assert (heard.type, heard.data["user_id"]) == ("rules.changed", 2)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({}, "must have a condition"),
        ({"contains": None}, "must have a condition"),
        ({"contains": ""}, "contains"),
        ({"contains": " \u0301 "}, "contains"),
        ({"contains": "a\0b"}, "NUL"),
        ({"equals": "\ud800"}, "surrogate"),
        ({"equals": "x" * 201}, "equals"),
        ({"contains": 5}, "contains"),
        ({"contains": "a", "equals": "b"}, "either"),
        ({"min_amount": "1"}, "currency"),
        ({"max_amount": "1", "money": "in"}, "currency"),
        ({"min_amount": 0.1, "currency": "USD"}, "min_amount"),
        ({"min_amount": "-1", "currency": "USD"}, "min_amount"),
        ({"min_amount": "NaN", "currency": "USD"}, "min_amount"),
        ({"max_amount": "1e999999999", "currency": "USD"}, "max_amount"),
        ({"min_amount": "2", "max_amount": "1", "currency": "USD"}, "min_amount"),
        ({"currency": "US D"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"account": "1"}, "account"),
        ({"account": 0}, "account"),
        ({"account": 2**31}, "account"),
        ({"money": "sideways"}, "money"),
        ({"merchant": "x"}, "merchant"),
    ],
)
async def test_a_senseless_rule_is_refused(shared: World, conditions: Json, told: str) -> None:
    """Wherever it is sent, what is wrong is named and nothing is stored: above all a rule that means everything."""
    body = {"conditions": conditions, "category": "fuel"}
    for path in (RULES, f"{RULES}/preview"):
        answer = await post_raw(shared, path, body)
        assert answer.status_code == 422, answer.text
        assert told in answer.json()["detail"]
    assert await rules(shared) == []


async def post_raw(live: World, path: str, body: Json) -> httpx2.Response:
    """POST JSON in ASCII, in which half a surrogate pair can be written."""
    headers = bearer() | {"Content-Type": "application/json"}
    return await live.api.post(path, content=json.dumps(body).encode(), headers=headers)


async def test_a_category_must_exist(shared: World) -> None:
    """An unknown slug is named, and what there is instead."""
    for path in (RULES, f"{RULES}/preview"):
        answer = await shared.post(path, {"conditions": {"contains": "x"}, "category": "nonsense"})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_category")


async def test_there_are_at_most_so_many(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a rule is refused, also when many come at once; another user's count apart."""
    monkeypatch.setattr(use_case, "MOST", 3)
    body = {"conditions": {"contains": "x"}, "category": "fuel"}
    answers = await asyncio.gather(*(live.post(RULES, body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    assert {answer.json().get("code") for answer in answers} == {None, "too_many_rules"}
    assert await order(live) == ["x"] * 3
    await rule(live, user_id=2, contains="x")


async def test_changes_at_once_keep_the_order_whole(live: World) -> None:
    """Rules made, moved and deleted by several windows at once: each ends, and no position is doubled or missing."""
    made = [(await rule(live, contains=name))["id"] for name in "abcdef"]
    answers = await asyncio.gather(
        *(edit(live, id_, position=position) for position, id_ in enumerate(made, start=1)),
        *(rule(live, contains=name, position=2) for name in "xyz"),
        live.delete(f"{RULES}/{made[0]}"),
    )
    assert {answer.status_code for answer in answers if isinstance(answer, httpx2.Response)} <= {200, 204, 404}
    assert sorted(await order(live)) == sorted("bcdefxyz")


async def test_nobody_touches_anothers_rules(live: World) -> None:
    """Another user's rule or account is 404 wherever its id may stand; nothing of it changes."""
    foreign, _ = await ledger(live, 2), await ledger(live, 1)
    theirs = await rule(live, user_id=2, contains="x", account=foreign.account_id)
    mine = await rule(live, contains="y")
    aimed = {"conditions": {"account": foreign.account_id}, "category": "fuel"}
    body = {"conditions": {"contains": "x"}, "category": "fuel"}
    answers = [
        await live.post(RULES, aimed),
        await live.post(f"{RULES}/preview", aimed),
        await live.post(f"{RULES}/preview", body | {"rule_id": theirs["id"]}),
        await live.post(f"{RULES}/{theirs['id']}/apply"),
        await live.delete(f"{RULES}/{theirs['id']}"),
        await edit(live, theirs["id"], category="fuel"),
        await edit(live, mine["id"], conditions={"account": foreign.account_id}),
        await edit(live, "nonsense", category="fuel"),
        await edit(live, 2**63, category="fuel"),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert (await rules(live, 2), await rules(live)) == ([theirs], [mine])
