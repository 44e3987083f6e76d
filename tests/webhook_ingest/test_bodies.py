"""Bodies as the internet sends them, over HTTP: too large, too slow, cut off; and what the log has of each."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from structlog.typing import EventDict

from common.database import Database
from common.runtime import serving
from common.web import read_body
from tests.common.broker.site import eventually
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.conftest import application
from tests.webhook_ingest.doubles import PATH, Clock, KeyEndpoint, Signer, signed, webhook
from webhook_ingest.bucket import Bucket
from webhook_ingest.routes import LARGEST

CANARY = "canary-7f3a"


@pytest.fixture
async def port(
    clock: Clock, endpoint: KeyEndpoint, broker: FaultyBroker, no_database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[int]:
    """Where the service is served; every line is logged."""
    monkeypatch.setattr(Bucket, "take", lambda _bucket: True)
    async with serving(application(clock, endpoint, broker, no_database), "127.0.0.1", 0) as port:
        yield port


async def sent(port: int, head: Mapping[str, object], *pieces: bytes, cut: bool = False) -> tuple[int, str]:
    """Send a head and the first pieces of a body, and no more; return the answer's status and code."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"POST {PATH} HTTP/1.1", "Host: ingest", *(f"{name}: {value}" for name, value in head.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode() + b"".join(pieces))
    try:
        if cut:
            await asyncio.sleep(0.05)
            return 0, ""
        answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
        size = int(answer.lower().split("content-length: ")[1].split("\r\n")[0])
        return int(answer.split()[1]), json.loads(await reader.readexactly(size))["code"]
    finally:
        writer.close()
        await writer.wait_closed()


def refusals(lines: list[EventDict]) -> list[EventDict]:
    return [line for line in lines if line["event"] == "webhook.refused"]


async def test_declared_too_large(port: int) -> None:
    """A body that says it is too large is refused before a byte of it came; the log has what it said."""
    with capture_logs() as lines:
        assert await sent(port, {"Content-Length": LARGEST + 1}) == (413, "too_large")

    assert [(line["code"], line["size"]) for line in refusals(lines)] == [("too_large", LARGEST + 1)]


async def test_undeclared_too_large(port: int) -> None:
    """A body without a length is refused once it is too large, long before its end."""
    piece = b"%x\r\n" % (LARGEST // 4) + CANARY.encode().ljust(LARGEST // 4, b"x") + b"\r\n"
    with capture_logs() as lines:
        assert await sent(port, {"Transfer-Encoding": "chunked"}, *[piece] * 5) == (413, "too_large")

    assert [(line["code"], "size" in line) for line in refusals(lines)] == [("too_large", False)]
    assert CANARY not in repr(lines)


async def test_too_slow(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not come to its end in time is answered 408, however it trickles."""
    monkeypatch.setattr("webhook_ingest.routes.read_body", partial(read_body, within=0.5))
    with capture_logs() as lines:
        assert await sent(port, {"Content-Length": 500}, CANARY.encode()) == (408, "too_slow")

    assert [(line["code"], line["size"]) for line in refusals(lines)] == [("too_slow", 500)]
    assert CANARY not in repr(lines)


async def test_cut_off(port: int) -> None:
    """A sender that hangs up in the middle of its body is logged as such, and has no effect."""
    with capture_logs() as lines:
        await sent(port, {"Content-Length": 500}, CANARY.encode(), cut=True)

        async def logged() -> bool:
            return bool(refusals(lines))

        await eventually(logged)

    assert [(line["code"], line["size"]) for line in refusals(lines)] == [("cut_off", 500)]
    assert CANARY not in repr(lines)


async def test_two_signatures(port: int, signer: Signer, broker: FaultyBroker) -> None:
    """Two headers Plaid-Verification are no signature, even if both are genuine."""
    head = [("Plaid-Verification", signer.sign(webhook()))]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        once = await client.post(PATH, content=webhook(), headers=head)
        twice = await client.post(PATH, content=webhook(), headers=head * 2)

    assert (once.status_code, twice.status_code, twice.json()["code"]) == (200, 401, "malformed")
    assert len(broker.published) == 1


NAMES = st.sampled_from(["webhook_type", "webhook_code", "item_id", "environment", "account_id", "reason", "error"])
WHERE = st.sampled_from(["value", "list", "object", "name", "raw"])


def with_a_canary(field: str, where: str) -> bytes:
    """Return a webhook that nobody can read, for what it says in this place."""
    told: dict[str, object] = {"value": CANARY + "\n", "list": [CANARY], "object": {CANARY: CANARY}}
    payload = json.loads(webhook(webhook_type="ITEM", webhook_code="USER_ACCOUNT_REVOKED"))
    if where in told:
        return json.dumps(payload | {"account_id": 5, field: told[where]}).encode()
    return json.dumps(payload | {CANARY: field}).encode() + (f"\n{CANARY}".encode() if where == "raw" else b"")


HEADERS = st.sampled_from(["User-Agent", "Content-Type", "Cookie", "Authorization", "X-Forwarded-For", CANARY])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(field=NAMES, where=WHERE, header=HEADERS, genuine=st.booleans())
async def test_the_log_has_no_content(
    port: int, signer: Signer, field: str, where: str, header: str, *, genuine: bool
) -> None:
    """Of what was refused the log has size and hash: no name or value of its body, nor of its headers."""
    body = with_a_canary(field, where)
    head = (signed(signer, body) if genuine else {"Plaid-Verification": f"{CANARY}.e30.e30"}) | {header: CANARY}
    with capture_logs() as lines:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            answer = await client.post(PATH, content=body, headers=head)

    assert answer.status_code == (400 if genuine else 401)
    [line] = refusals(lines)
    assert (line["size"], line["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert CANARY not in repr(lines)
    assert CANARY not in answer.text
    assert head["Plaid-Verification"] not in repr(lines)
