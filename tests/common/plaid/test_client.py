import asyncio
import inspect
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import urllib3
from prometheus_client import REGISTRY
from pydantic import SecretStr

from common import updates
from common.plaid import (
    Credentials,
    CursorRefused,
    OperatorMustAct,
    OverBudget,
    PlaidClient,
    PlaidError,
    Priority,
    RetryLater,
    Spender,
    UserMustAct,
)
from common.updates import Updates
from tests.common.plaid.stub import CUT, HANG, PAGE, Call, PlaidStub, answer

TOKEN = SecretStr("access-sandbox-the-token")

Ask = Callable[[PlaidClient], Awaitable[dict[str, Any] | Updates]]
LINK: dict[str, object] = {
    "client_name": "CORA",
    "language": "en",
    "country_codes": ["US"],
    "user": {"client_user_id": "3"},
}
OPTIONS = {"include_original_description": True, "personal_finance_category_version": "v2"}
WITH_TOKEN: dict[str, object] = {"access_token": "access-sandbox-the-token"}

CALLS: dict[str, tuple[Ask, str, dict[str, object]]] = {
    "create_link_token": (lambda plaid: plaid.create_link_token(LINK), "/link/token/create", LINK),
    "get_link_token": (
        lambda plaid: plaid.get_link_token(SecretStr("link-sandbox-1")),
        "/link/token/get",
        {"link_token": "link-sandbox-1"},
    ),
    "exchange_public_token": (
        lambda plaid: plaid.exchange_public_token(SecretStr("public-sandbox-1")),
        "/item/public_token/exchange",
        {"public_token": "public-sandbox-1"},
    ),
    "get_accounts": (lambda plaid: plaid.get_accounts(TOKEN), "/accounts/get", WITH_TOKEN),
    "get_item": (lambda plaid: plaid.get_item(TOKEN), "/item/get", WITH_TOKEN),
    "refresh_transactions": (
        lambda plaid: plaid.refresh_transactions(TOKEN),
        "/transactions/refresh",
        WITH_TOKEN,
    ),
    "update_webhook": (
        lambda plaid: plaid.update_webhook(TOKEN, "https://bank.example.com/hook"),
        "/item/webhook/update",
        WITH_TOKEN | {"webhook": "https://bank.example.com/hook"},
    ),
    "remove_item": (lambda plaid: plaid.remove_item(TOKEN), "/item/remove", WITH_TOKEN),
    "get_institution": (
        lambda plaid: plaid.get_institution("ins_109508", ["US"]),
        "/institutions/get_by_id",
        {"institution_id": "ins_109508", "country_codes": ["US"], "options": {"include_optional_metadata": True}},
    ),
    "get_verification_key": (
        lambda plaid: plaid.get_verification_key("6c5516e1"),
        "/webhook_verification_key/get",
        {"key_id": "6c5516e1"},
    ),
    "sync_page": (
        lambda plaid: plaid.sync_page(TOKEN, "a-cursor"),
        "/transactions/sync",
        WITH_TOKEN | {"cursor": "a-cursor", "count": 500, "options": OPTIONS},
    ),
}


@pytest.fixture
async def stub() -> AsyncIterator[PlaidStub]:
    async with PlaidStub().running() as stub:
        yield stub


@pytest.fixture
def plaid(stub: PlaidStub) -> Any:
    client = PlaidClient(Credentials("the-client", SecretStr("the-secret"), stub.url), concurrency=4)
    yield client
    client.close()


def test_every_call_is_here() -> None:
    """No call of Plaid is without its row; the probe, which returns no JSON, has a test of its own."""
    public = {name for name, _ in inspect.getmembers(PlaidClient, inspect.iscoroutinefunction) if name[0] != "_"}

    assert {*CALLS, "probe"} == public


@pytest.mark.parametrize("name", CALLS)
async def test_a_call(plaid: PlaidClient, stub: PlaidStub, name: str) -> None:
    """Each call goes to its endpoint with its body, and our credentials in headers alone."""
    ask, path, body = CALLS[name]
    assert await ask(plaid) == (updates.read(PAGE) if name == "sync_page" else json.loads(PAGE))

    [call] = stub.calls
    assert (call.path, call.body) == (path, body)
    assert call.headers["plaid-client-id"] == "the-client"
    assert call.headers["plaid-secret"] == "the-secret"
    assert call.headers["plaid-version"] == "2020-09-14"


@pytest.mark.parametrize(
    ("header", "time"),
    [(("Date: Mon, 23 Nov 2026 08:53:45 GMT",), datetime(2026, 11, 23, 8, 53, 45, tzinfo=UTC)), ((), None)],
)
async def test_the_probe_tells_plaids_time(
    plaid: PlaidClient, stub: PlaidStub, header: tuple[str, ...], time: datetime | None
) -> None:
    """The cheapest call that needs no item; what it returns is when Plaid answered, where that is said."""
    stub.reply = answer(b"{}", 200, *header)

    assert await plaid.probe() == time

    assert (stub.calls[0].path, stub.calls[0].body["count"]) == ("/institutions/get", 1)


@pytest.mark.parametrize("cursor", [None, ""])
async def test_the_first_page(plaid: PlaidClient, stub: PlaidStub, cursor: str | None) -> None:
    """From the beginning means no cursor at all: Plaid's library refuses None."""
    await plaid.sync_page(TOKEN, cursor)

    assert "cursor" not in stub.calls[0].body


async def test_exact_decimals(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Money keeps every digit that Plaid sent; whole numbers stay whole."""
    amounts = ["10.021521", "0.1", "-342.099285", "1e-7", "0.10", "1234567890123456789.123456789", "500"]
    stub.reply = answer(f'{{"amounts": [{", ".join(amounts)}], "text": "Überweisung ☕"}}'.encode())

    found = await plaid.get_accounts(TOKEN)

    assert found["text"] == "Überweisung ☕"
    assert [str(amount) for amount in found["amounts"]] == [str(Decimal(amount)) for amount in amounts]
    assert [type(amount) for amount in found["amounts"]] == [Decimal] * 6 + [int]


async def test_text_that_looks_like_a_date(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Answers are read as JSON says and not as a library guesses: no text becomes a date."""
    said = b'{"name": "June - 529", "merchant_entity_id": "20240105", "date": "2026-11-22"}'
    stub.reply = answer(said)

    assert await plaid.get_accounts(TOKEN) == {
        "name": "June - 529",
        "merchant_entity_id": "20240105",
        "date": "2026-11-22",
    }


async def test_a_page_has_its_transactions_as_plaid_wrote_them(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Not a byte of a row is changed before somebody knows what it must be."""
    rows = [b'{"transaction_id" : "a", "amount":12.50}', b"null", b'{"amount": 1e400, "of": ["tomorrow"]}']
    stub.reply = answer(PAGE.replace(b'"added": []', b'"added": [' + b", ".join(rows) + b"]"))

    page = await plaid.sync_page(TOKEN, None)

    assert [bytes(row) for row in page.transactions] == rows


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", PAGE[:-1], PAGE.replace(b"false", b'"no"'), b"[" * 100_000])
async def test_what_is_no_page(plaid: PlaidClient, stub: PlaidStub, body: bytes) -> None:
    """An answer without a page's fields is as good as none: it is asked for another time."""
    stub.reply = answer(body)

    with pytest.raises(RetryLater) as error:
        await plaid.sync_page(TOKEN, None)
    assert error.value.code == "PLAID_UNREACHABLE"


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        (rb'"A\ud83d"', "A\ufffd"),
        (rb'"\uDE00B"', "\ufffdB"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (rb'"\ud83d\n\u00e9"', "\ufffd\n\u00e9"),
    ],
)
async def test_a_name_cut_inside_a_character(plaid: PlaidClient, stub: PlaidStub, cut: bytes, whole: str) -> None:
    """Half a character (RFC 8259, 8.2) is replaced by what shows it; all else of the page stays."""
    stub.reply = answer(PAGE.replace(b'"added": []', b'"added": [' + cut + b"]"))

    page = await plaid.sync_page(TOKEN, None)

    assert [json.loads(bytes(row)) for row in page.transactions] == [whole]


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_has_timeouts(plaid: PlaidClient, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call may wait for ever; Plaid's library by itself does."""
    pool = plaid._client.rest_client.pool_manager
    given: list[urllib3.Timeout] = []
    request = pool.request

    def note(*arguments: object, timeout: urllib3.Timeout, **others: object) -> object:
        given.append(timeout)
        return request(*arguments, timeout=timeout, **others)

    monkeypatch.setattr(pool, "request", note)
    await CALLS[name][0](plaid)

    [timeout] = given
    connect, read = timeout.connect_timeout, timeout.read_timeout
    assert isinstance(connect, float)
    assert isinstance(read, float)
    assert 0 < connect <= 5
    assert 0 < read <= 90


@pytest.fixture
def impatient(plaid: PlaidClient, monkeypatch: pytest.MonkeyPatch) -> PlaidClient:
    """A client whose timeouts end soon."""
    pool = plaid._client.rest_client.pool_manager
    request = pool.request

    def soon(*arguments: object, timeout: object, **others: object) -> object:
        return request(*arguments, timeout=urllib3.Timeout(connect=0.2, read=0.2), **others)

    monkeypatch.setattr(pool, "request", soon)
    return plaid


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", [HANG, CUT])
async def test_no_answer(impatient: PlaidClient, stub: PlaidStub, name: str, fault: bytes) -> None:
    """A call that is not answered raises one error of ours, and was sent once: it may have worked."""
    stub.reply = fault

    with pytest.raises(RetryLater) as error:
        await CALLS[name][0](impatient)

    assert error.value.code == "PLAID_UNREACHABLE"
    assert len(stub.calls) == 1


async def test_nobody_listens() -> None:
    """A host that refuses is unreachable, like one that is silent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        client = PlaidClient(Credentials("the-client", SecretStr("the-secret"), url))
        with pytest.raises(RetryLater) as error:
            await client.get_item(TOKEN)
    client.close()

    assert error.value.code == "PLAID_UNREACHABLE"


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"<html>hello</html>"),
        answer(b""),
        answer(b"\xff\xfe"),
        answer(b'{"cut": '),
        answer(b"[]"),
        answer(b"null"),
        answer(b"[" * 100_000),
        answer(b"\xff\xfe", 502),
        answer(b"{}", 200, "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{}",
        b"no HTTP at all\r\n\r\n",
    ],
)
async def test_an_unreadable_answer(impatient: PlaidClient, stub: PlaidStub, reply: bytes) -> None:
    """A success that cannot be read is no success, and worth another try."""
    stub.reply = reply

    with pytest.raises(RetryLater) as error:
        await impatient.get_item(TOKEN)
    assert error.value.code == "PLAID_UNREACHABLE"


async def test_plaids_error(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Plaid's refusal becomes one of our four kinds, with all that it said."""
    said = {"error_type": "ITEM_ERROR", "error_code": "ITEM_LOGIN_REQUIRED", "error_message": "m", "request_id": "r"}
    stub.reply = answer(json.dumps(said).encode(), 400)

    with pytest.raises(UserMustAct) as error:
        await plaid.get_item(TOKEN)
    assert (error.value.details.status, error.value.details.request_id) == (400, "r")


async def test_a_rate_limit(plaid: PlaidClient, stub: PlaidStub) -> None:
    """A 429 is not retried by itself, and says how long to wait."""
    said = {"error_type": "RATE_LIMIT_EXCEEDED", "error_code": "TRANSACTIONS_SYNC_LIMIT", "error_message": "m"}
    stub.reply = answer(json.dumps(said).encode(), 429, "Retry-After: 7")

    with pytest.raises(RetryLater) as error:
        await plaid.sync_page(TOKEN, None)
    assert error.value.details.retry_after == 7.0
    assert len(stub.calls) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 502, 503])
@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b"[]"])
async def test_a_proxys_error(plaid: PlaidClient, stub: PlaidStub, status: int, body: bytes) -> None:
    """What a proxy answers in Plaid's stead is judged by its HTTP class, whatever its body."""
    stub.reply = answer(body, status)

    with pytest.raises(RetryLater if status in {429, 500, 502, 503} else OperatorMustAct) as error:
        await plaid.get_item(TOKEN)
    assert error.value.code == f"HTTP_{status}"


REFUSED = answer(
    b'{"error_type": "INVALID_REQUEST", "error_code": "INVALID_FIELD", "error_message": "cursor: what?"}', 400
)


async def test_a_cursor_that_is_refused(plaid: PlaidClient, stub: PlaidStub) -> None:
    """A sync whose cursor Plaid does not take has an error of its own; without a cursor it is a mistake of ours."""
    stub.reply = REFUSED

    with pytest.raises(CursorRefused) as error:
        await plaid.sync_page(TOKEN, "a-cursor")
    assert error.value.code == "INVALID_FIELD"
    with pytest.raises(OperatorMustAct):
        await plaid.sync_page(TOKEN, None)


@dataclass
class Purse:
    """A budget that writes down what it is asked, and has room or not."""

    room: bool = True
    taken: list[tuple[str, Spender, bool]] = field(default_factory=list)
    learnt: list[tuple[str, Spender, str, bool]] = field(default_factory=list)

    async def take(self, endpoint: str, spender: Spender, *, from_start: bool) -> None:
        self.taken.append((endpoint, spender, from_start))
        if not self.room:
            raise OverBudget(endpoint, timedelta(seconds=3))

    async def learn(self, endpoint: str, spender: Spender, error: PlaidError, *, from_start: bool) -> None:
        self.learnt.append((endpoint, spender, error.code, from_start))


@pytest.fixture
def metered(stub: PlaidStub) -> Iterator[tuple[PlaidClient, Purse]]:
    purse = Purse()
    client = PlaidClient(Credentials("the-client", SecretStr("the-secret"), stub.url), purse)
    yield client, purse
    client.close()


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_asks_the_budget_first(metered: tuple[PlaidClient, Purse], stub: PlaidStub, name: str) -> None:
    """No call is made for which there is no room."""
    client, purse = metered
    ask, path, _ = CALLS[name]
    await ask(client)
    purse.room = False
    with pytest.raises(OverBudget):
        await ask(client)

    assert [endpoint for endpoint, _, _ in purse.taken] == [path, path]
    assert len(stub.calls) == 1
    assert purse.learnt == []


async def test_the_budget_knows_for_whom(metered: tuple[PlaidClient, Purse], stub: PlaidStub) -> None:
    """Whose call it is, how urgent and how patient; a sync without a cursor is told apart, also when it is refused."""
    client, purse = metered
    sweep = client.on_behalf_of(Spender(priority=Priority.SWEEP)).waiting(timedelta(seconds=5)).for_item_of(7)
    expected = Spender(7, Priority.SWEEP, timedelta(seconds=5))
    await sweep.sync_page(TOKEN, "a-cursor")
    await client.get_item(TOKEN)
    stub.reply = REFUSED
    for cursor in ("a-cursor", None):
        with pytest.raises(PlaidError):
            await sweep.sync_page(TOKEN, cursor)

    path = "/transactions/sync"
    assert purse.taken[0] == (path, expected, False)
    assert purse.taken[1][:2] == ("/item/get", Spender())
    assert purse.learnt == [(path, expected, "INVALID_FIELD", False), (path, expected, "INVALID_FIELD", True)]


async def test_our_own_mistake(plaid: PlaidClient, stub: PlaidStub) -> None:
    """A request that Plaid's library refuses to send is a fault of ours, loud, and no trouble of Plaid's."""
    with pytest.raises(Exception, match="days_requested") as error:
        await plaid.create_link_token(LINK | {"transactions": {"days_requested": 731}})
    assert not isinstance(error.value, PlaidError)
    assert stub.calls == []


async def test_what_is_given_stays_as_it_was(plaid: PlaidClient) -> None:
    """A caller's own lists are the caller's: Plaid's library would fill them with its enums."""
    countries = ["US", "CA"]

    await plaid.get_institution("ins_109508", countries)

    assert [type(country) for country in countries] == [str, str]


async def test_errors_tell_no_secret(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Neither token nor secret is in an error, its chain or a credential's repr."""
    stub.reply = answer(b"{}", 500)
    with pytest.raises(PlaidError) as error:
        await plaid.get_item(TOKEN)

    shown = f"{error.value!r} {error.value} {error.value.details} {Credentials('c', SecretStr('the-secret'), 'h')}"
    assert "the-token" not in shown
    assert "the-secret" not in shown
    assert error.value.__suppress_context__


async def test_calls_beside_each_other(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Concurrent calls get each its own answer, never more at once than the client may."""
    at_work = most = 0

    async def echo(call: Call) -> bytes:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.01)
        at_work -= 1
        return answer(json.dumps(call.body).encode())

    stub.reply = echo
    keys = [f"key-{number}" for number in range(40)]
    answers = await asyncio.gather(*(plaid.get_verification_key(key) for key in keys))

    assert [found["key_id"] for found in answers] == keys
    assert most == 4


async def test_connections_are_kept(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Calls one after another use one connection, after errors too: TLS is dear."""
    for reply in [answer(b"{}"), answer(b"{}", 400), answer(b"<html>", 502), answer(b"{}")]:
        stub.reply = reply
        await asyncio.gather(plaid.get_item(TOKEN), return_exceptions=True)

    assert stub.connections == 1


async def test_calls_are_measured(plaid: PlaidClient, stub: PlaidStub) -> None:
    """Each call is timed under its endpoint and outcome."""

    def count(outcome: str) -> float:
        labels = {"endpoint": "item_get", "outcome": outcome}
        return REGISTRY.get_sample_value("plaid_call_seconds_count", labels) or 0.0

    before = count("ok"), count("HTTP_503")
    await plaid.get_item(TOKEN)
    stub.reply = answer(b"", 503)
    await asyncio.gather(plaid.get_item(TOKEN), return_exceptions=True)

    assert (count("ok"), count("HTTP_503")) == (before[0] + 1, before[1] + 1)
