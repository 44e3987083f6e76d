"""User 1 tries every place for an id with what belongs to user 2."""

import copy
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import plaid_sandbox.settings
from common.events import ExpensesChanged
from common.tables import metadata
from plaid_sandbox.main import create_app
from tests.link_api.ledger import ledger
from tests.link_api.promises import contents, operations, resolved, shown
from tests.link_api.security.doors import closed
from tests.link_api.world import World, bearer, world
from tests.servers.databases import Databases

VICTIM, STRANGER = 2, 1
Json = dict[str, Any]
FLEETING = {"rate_buckets", "plaid_api_usage", "outbox"}
"""Tables that count calls, whoever makes them; and of what is on its way out, which may only get less."""
EMITTED = "SELECT id FROM outbox"
PLAIDS = {"link_session_id", "request_id", "institution_id"}
"""Ids of Plaid's own, kept as they were told."""
POINTERS = {"account", "ids", "up_to", "accounts", "merchant_of"}
"""Names of members and parameters, besides `...id`, that point at rows."""


@dataclass(frozen=True)
class Victim:
    """What user 2 has, by the name under which a request points at it."""

    live: World
    ids: dict[str, int]

    async def rows(self) -> dict[str, list[Json]]:
        """Return all that is in the database and not user 1's, table by table."""
        found = {}
        for table in metadata.sorted_tables:
            if table.name not in FLEETING:
                rows = await self.live.rows(f"SELECT to_jsonb(t) AS row FROM {table.name} t ORDER BY to_jsonb(t)::text")
                found[table.name] = [row["row"] for row in rows if not _is_strangers(table.name, row["row"])]
        return found


def _is_strangers(table: str, row: Json) -> bool:
    return row["id" if table == "users" else "user_id"] == STRANGER if table == "users" or "user_id" in row else False


@pytest.fixture(scope="module")
async def victim(databases: Databases) -> AsyncIterator[Victim]:
    """A user with all that a user can have; user 1 has nothing."""
    sandbox = create_app(plaid_sandbox.settings.Settings())
    async with databases.fresh() as url, world(url, sandbox) as live:
        assert (await live.get("/api/feedback", STRANGER)).status_code == 200
        await live.linked(VICTIM)
        book = await ledger(live, VICTIM)
        expense = await book.expense()
        notification = await book.notification()
        await live.emit(ExpensesChanged(user_id=VICTIM, expense_ids=[expense]))
        await live.post("/api/feedback", {"rating": 5}, VICTIM)
        changed = await live.post("/api/expenses/recategorise", {"ids": [expense], "category": "fuel"}, VICTIM)
        recategorised = changed.json()["undo_id"]
        ids = {
            "integration_id": book.integration_id,
            "merchant_of": expense,
            "recategorisation_id": recategorised,
            "account_id": book.account_id,
            "account": book.account_id,
            "expense_id": expense,
            "ids": expense,
            "notification_id": notification,
            "up_to": notification,
        } | await rules_of(live)
        yield Victim(live, ids)


async def rules_of(live: World) -> dict[str, int]:
    """Return the id of a rule, where users can make rules."""
    body = example("POST /api/category-rules")
    if body is None:
        return {}
    made = await live.post("/api/category-rules", body, VICTIM)
    assert made.is_success, made.text
    [row] = await live.rows("SELECT max(id) AS id FROM category_rules")
    return {"rule_id": row["id"], "category_rule_id": row["id"]}


def example(name: str) -> Json | None:
    """Return an operation's example of a body; None where there is no such operation, or it has no body."""
    operation = dict(operations()).get(name, {})
    for _, content in contents(operation.get("requestBody", {})):
        body: Json = copy.deepcopy(shown(content)[0])
        return body
    return None


def pointers(schema: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield where in a body an id may stand."""
    for one in (schema, *schema.get("anyOf", [])):
        for name, inner in resolved(one).get("properties", {}).items():
            if name in POINTERS or (name.endswith("_id") and name not in PLAIDS):
                yield (*path, name)
            else:
                yield from pointers(inner, (*path, name))


def places() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield each place for an id: the operation's method and path, where it is, its name or its way into the body."""
    for name, operation in operations():
        method, path = name.split(" ")
        for parameter in operation.get("parameters", []):
            pointing = parameter["name"].endswith("_id") or parameter["name"] in POINTERS
            if parameter["in"] == "path" or (parameter["in"] == "query" and pointing):
                yield method, path, parameter["in"], (parameter["name"],)
        for _, content in contents(operation.get("requestBody", {})):
            for way in pointers(content["schema"]):
                yield method, path, "body", way


PLACES = list(places())


def body_with(method: str, path: str, way: tuple[str, ...], id_: int) -> Json:
    """Return the operation's example with this id in its place, and nothing else that says which rows are meant."""
    body = example(f"{method} {path}") or {}
    for other in ("filter", "ids"):
        if other != way[0]:
            body.pop(other, None)
    inner = body
    for name in way[:-1]:
        inner[name] = {}
        inner = inner[name]
    inner[way[-1]] = [id_] if way[-1] == "ids" else id_
    body.pop("dry_run", None)
    return body


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0]} {place[1]} {'.'.join(place[3])}")
async def test_nothing_foreign_is_seen_or_changed(victim: Victim, place: tuple[str, str, str, tuple[str, ...]]) -> None:
    """Each place that takes an id answers 404 for another user's, as for one that is not there, and changes nothing."""
    method, path, where, way = place
    id_ = victim.ids.get(way[-1])
    assert id_ is not None, f"say in `victim` which row of user 2 belongs in `{way[-1]}` of {method} {path}"
    before, emitted = await victim.rows(), await victim.live.rows(EMITTED)
    answers = []
    for tried in (id_, 987_654):
        url = path
        for name in victim.ids:
            url = url.replace(f"{{{name}}}", str(tried))
        query = {way[0]: str(tried)} if where == "query" else {}
        body = body_with(method, path, way, tried) if where == "body" else example(f"{method} {path}")
        answers.append(await victim.live.api.request(method, url, params=query, json=body, headers=bearer(STRANGER)))
    assert await victim.rows() == before
    assert set(map(str, await victim.live.rows(EMITTED))) <= set(map(str, emitted))
    told = [(answer.status_code, answer.text) for answer in answers]
    assert told[0] == told[1]
    if (method, where) == ("GET", "path"):
        own = path.replace(f"{{{way[0]}}}", str(id_))
        assert (await victim.live.get(own, VICTIM)).status_code == 200
    assert told[0][0] == (204 if way == ("up_to",) else 404), told


@pytest.mark.parametrize("path", [path for method, path in closed() if method == "GET" and "{" not in path])
async def test_no_list_has_what_is_anothers(victim: Victim, path: str) -> None:
    """What needs no id shows a user nothing of another one: no bank, no merchant, no sum."""
    if path in ("/api/events", "/api/plaid/health"):
        return  # routes/test_events.py::test_nobody_hears_another_users_events, routes/test_health.py: operators alone
    answers = [(await victim.live.get(path, user_id, year=2026)).text for user_id in (STRANGER, VICTIM)]
    words = ("First Platypus", "A Bank", "HOME DEPOT", "Plaid Checking", "45.90", 'given_at":"2')
    assert [word for word in words if word in answers[0]] == []
    assert path == "/api/categories" or answers[0] != answers[1]


async def test_a_cursor_leads_nowhere_in_anothers_list(victim: Victim) -> None:
    """A cursor that another user got is a place in one's own list, and shows nothing of the other's."""
    book = await ledger(victim.live, VICTIM)
    await book.expense()
    await book.notification("expiring")
    await book.transaction()
    for path in ("/api/expenses", "/api/transactions", "/api/notifications"):
        cursor = (await victim.live.get(path, VICTIM, limit=1)).json()["next_cursor"]
        assert cursor is not None
        assert (await victim.live.get(path, STRANGER, cursor=cursor)).json()["items"] == []
