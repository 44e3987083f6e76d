"""SQL and HTML in every text that a bank, Plaid or a user can set: it is data, stored and answered letter by letter."""

import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import plaid_sandbox.settings
from common.tables import metadata
from plaid_sandbox.main import create_app
from tests.link_api.ledger import ledger
from tests.link_api.world import World, bearer, world
from tests.servers.databases import Databases

EVIL = [
    "'; DROP TABLE expenses; --",
    "' OR '1'='1",
    "\\'; SELECT pg_sleep(9); --",
    "%' OR description LIKE '%",
    "$$; DELETE FROM users; $$",
    ":user_id {0} %s ${jndi:ldap://x}",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "\u202etxt.exe",
    '=HYPERLINK("http://evil.example","click")',
    "\r\nSet-Cookie: a=b",
]
BY_THE_BANK = {
    "institutions": ["name"],
    "plaid_integrations": ["institution_name", "last_sync_error_message"],
    "plaid_accounts": ["name", "official_name", "mask", "type", "subtype"],
    "plaid_transactions": ["name", "merchant_name", "original_description", "check_number", "payment_channel"],
    "expenses": ["description", "vendor", "payment_method", "reason", "source"],
}
"""Text columns that say what a bank or Plaid said; a cast cuts what is too long for them."""
SHOWN = (
    "/api/plaid/integrations", "/api/plaid/accounts", "/api/transactions", "/api/expenses", "/api/notifications",
    "/api/expenses/summary?by=merchant",
)  # fmt: skip
PAGE = Path("services/link_api/page")
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\("
)
CALLED = re.compile(r"new Function|setTimeout\(\s*[\"'`]|srcdoc|javascript:")


@pytest.fixture(scope="module")
async def live(databases: Databases) -> AsyncIterator[World]:
    """A world that these tests share: whatever they try, it goes on."""
    sandbox = create_app(plaid_sandbox.settings.Settings())
    async with databases.fresh() as url, world(url, sandbox) as running:
        yield running
        assert (await running.rows("SELECT count(*) AS n FROM users"))[0]["n"] > 0
        assert (await running.get("/api/expenses")).status_code == 200


@pytest.fixture(scope="module")
async def expense(live: World) -> int:
    """An expense of user 1."""
    book = await ledger(live)
    await book.notification()
    return await book.expense()


def texts(value: Any) -> list[str]:
    """Return every text in a JSON value."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("evil", EVIL)
async def test_what_a_bank_says_is_data(live: World, expense: int, evil: str) -> None:
    """Names of banks, accounts, merchants and transactions come back as they are, as JSON that no browser sniffs at."""
    for table, columns in BY_THE_BANK.items():
        sets = ", ".join(f"{column} = CAST(:evil AS {metadata.tables[table].c[column].type})" for column in columns)
        await live.change(f"UPDATE {table} SET {sets}", evil=evil)
    for path in (*SHOWN, f"/api/expenses/{expense}", f"/api/expenses/{expense}/explain"):
        answer = await live.api.get(path, headers=bearer())
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert any(evil in text for text in texts(answer.json())), path
    exported = await live.get("/api/expenses.csv")
    [_, row, *_] = csv.reader(io.StringIO(exported.text, newline=""), strict=True)
    assert row[1] in {evil, f"'{evil}"}
    assert not row[1].startswith(tuple("=+-@\t\r\n"))


@pytest.mark.parametrize("evil", EVIL)
async def test_what_a_user_writes_is_data(live: World, expense: int, evil: str) -> None:
    """A note and a comment come back letter by letter; searched for, the note is found by its very text alone."""
    edit = await live.api.patch(f"/api/expenses/{expense}", json={"note": evil}, headers=bearer())
    assert (edit.status_code, edit.json()["note"]) == (200, evil)
    said = await live.post("/api/feedback", {"rating": 1, "comment": evil})
    assert (said.status_code, said.json()["comment"]) == (200, evil)
    assert [one["id"] for one in (await live.get("/api/expenses", q=evil)).json()["items"]] == [expense]
    assert (await live.get("/api/expenses", q=f"{evil}.")).json()["items"] == []
    chosen = {"filter": {"q": f"{evil}."}, "category": "fuel"}
    assert (await live.post("/api/expenses/recategorise", chosen)).json()["matched"] == 0


@pytest.mark.parametrize("evil", EVIL)
async def test_what_a_rule_says_is_data(live: World, evil: str) -> None:
    """Rules come back letter by letter, and mean their very text alone: previewed, they change nothing of others."""
    rule = {"conditions": {"contains": f"{evil}."}, "category": "fuel"}
    previewed = await live.post("/api/category-rules/preview", rule)
    assert (previewed.status_code, previewed.json()["examples"]) == (200, []), previewed.text
    made = await live.post("/api/category-rules", rule)
    assert (made.status_code, made.json()["conditions"]["contains"]) == (201, f"{evil}."), made.text
    listed = (await live.get("/api/category-rules")).json()["items"]
    assert [one["conditions"]["contains"] for one in listed] == [f"{evil}."]
    await live.api.delete(f"/api/category-rules/{made.json()['id']}", headers=bearer())


@pytest.mark.parametrize("evil", EVIL)
async def test_what_link_tells_is_data(live: World, evil: str) -> None:
    """Whatever stands in an event of Link, it is stored letter by letter; no answer of ours repeats it."""
    state = (await live.post("/api/plaid/create_link_token", {})).json()["state"]
    metadata = dict.fromkeys(("institution_name", "view_name", "link_session_id", "request_id"), evil)
    event = {"state": state, "callback": "onEvent", "event_name": evil, "metadata": metadata}
    told = await live.post("/api/plaid/link_events", event)
    assert (told.status_code, told.content) == (204, b"")
    [row] = await live.rows("SELECT * FROM link_events ORDER BY id DESC LIMIT 1")
    assert {row[name] for name in ("event_name", *metadata)} == {evil}


@pytest.mark.parametrize("evil", EVIL)
async def test_what_is_no_text_takes_none(live: World, expense: int, evil: str) -> None:
    """Ids, cursors, dates, slugs, keys and years are refused as what they are not; never a fault, never an effect."""
    names = ("cursor", "from", "category", "account", "min_amount", "needs_review", "limit", "by", "year", "include")
    for path in (*SHOWN, "/api/expenses.csv", "/api/reports/schedule-c"):
        for name in names:
            answer = await live.api.get(path, params={name: evil}, headers=bearer())
            assert answer.status_code in {200, 400, 404, 422}, answer.text
    edit = await live.api.patch(f"/api/expenses/{expense}", json={"category": evil}, headers=bearer())
    assert edit.status_code == 422
    assert evil not in edit.text
    exchange = await live.post("/api/plaid/exchange_public_token", {"public_token": evil})
    assert (exchange.status_code, exchange.json()["code"]) == (400, "public_token_foreign")


@pytest.mark.parametrize("evil", EVIL)
async def test_what_a_header_says_is_data(live: World, evil: str) -> None:
    """Headers are compared or passed over: none reaches a statement, an answer's head or another request."""
    sent = evil.encode("ascii", "ignore").replace(b"\r\n", b" ").strip()
    for name in ("Idempotency-Key", "X-Correlation-ID", "If-Match", "User-Agent", "Origin", "Accept-Language"):
        headers = [(b"Authorization", bearer()["Authorization"].encode()), (name.encode(), sent)]
        answer = await live.api.post("/api/feedback", json={"rating": 2}, headers=headers)
        assert answer.status_code in {200, 400}, (name, answer.text)
        assert sent not in b"".join(value for _, value in answer.headers.raw)
        assert "set-cookie" not in answer.headers


def test_the_page_makes_no_markup_of_text() -> None:
    """The page's modules write text into nodes of its own templates: nothing of theirs makes markup or code of it."""
    modules = list(PAGE.rglob("*.js"))
    assert len(modules) > 10
    assert [path.name for path in modules if MARKUP.search(path.read_text()) or CALLED.search(path.read_text())] == []
    html = (PAGE / "index.html").read_text()
    assert re.findall(r"\son\w+\s*=|javascript:|<script(?![^>]*\ssrc=)", html) == []
