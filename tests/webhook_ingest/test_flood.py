"""Floods of forgeries, over HTTP, and the genuine webhooks among them."""

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from statistics import median

import httpx2
import pytest

from common.database import Database
from common.runtime import serving
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.conftest import application
from tests.webhook_ingest.doubles import NOW, PATH, Clock, KeyEndpoint, Signer, signed, webhook
from webhook_ingest.quota import BURST, PER_SECOND

CLAIMS = {"iat": int(NOW), "request_body_sha256": hashlib.sha256(webhook()).hexdigest()}
FORGERIES = 10_000
FORGERS = 16
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def encoded(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def forged(number: int) -> dict[str, str]:
    """Return a header that says what it must, by a key of its own; nobody ever looks at its signature."""
    header = {"alg": "ES256", "kid": f"forged-{number}"}
    return {"Plaid-Verification": f"{encoded(header)}.{encoded(CLAIMS)}.{'A' * 86}"}


async def timed(line: Line, headers: dict[str, str]) -> tuple[int, float]:
    """Return a webhook's answer, and the seconds that it took; a client library would take longer than the service."""
    reader, writer = line
    lines = [f"POST {PATH} HTTP/1.1", "Host: ingest", f"Content-Length: {len(webhook())}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    started = time.perf_counter()
    writer.write("\r\n".join([*lines, "", ""]).encode() + webhook())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    await reader.readexactly(int(re.findall(r"(?i)content-length: (\d+)", head)[0]))
    return int(head.split()[1]), time.perf_counter() - started


async def stormed(port: int, headers: list[dict[str, str]]) -> list[tuple[int, float]]:
    """Send a webhook with each of these headers, so many at a time as there are forgers."""
    left = iter(headers)

    async def forge() -> list[tuple[int, float]]:
        line = await asyncio.open_connection("127.0.0.1", port)
        try:
            return [await timed(line, head) for head in left]
        finally:
            line[1].close()
            await line[1].wait_closed()

    return [answer for answers in await asyncio.gather(*(forge() for _ in range(FORGERS))) for answer in answers]


@pytest.mark.slow
async def test_ten_thousand_forged_keys(
    clock: Clock, signer: Signer, endpoint: KeyEndpoint, broker: FaultyBroker, no_database: Database
) -> None:
    """Ten thousand forgeries at once cost a handful of calls of Plaid, and slow no genuine webhook among them down.

    Every genuine one is taken, as fast as among as many others that are refused without any look at a key.
    """
    genuine = signed(signer, webhook())
    app = application(clock, endpoint, broker, no_database)
    async with serving(app, "127.0.0.1", 0) as port:
        harmless = await stormed(port, [genuine] + ([{}] * 19 + [genuine]) * (FORGERIES // 200))
        endpoint.calls.clear()
        started = time.monotonic()
        answers = await stormed(port, [genuine if not number % 20 else forged(number) for number in range(FORGERIES)])
        took = time.monotonic() - started

    assert [status for status, _ in answers].count(200) == FORGERIES // 20
    assert {status for status, _ in answers} == {200, 401, 503}
    assert len(endpoint.calls) <= BURST + 1 + took * PER_SECOND
    calm, storm = (median(seconds for status, seconds in run if status == 200) for run in (harmless, answers))
    assert storm < 3 * calm


async def test_a_flood_of_one_forged_key(client: httpx2.AsyncClient, endpoint: KeyEndpoint) -> None:
    """One forged key, however often it comes, costs one call of Plaid, and is refused for good."""
    answers = await asyncio.gather(*(client.post(PATH, content=webhook(), headers=forged(1)) for _ in range(200)))

    assert {answer.status_code for answer in answers} == {401}
    assert len(endpoint.calls) == 1


async def test_a_flood_of_replays(
    client: httpx2.AsyncClient, clock: Clock, signer: Signer, endpoint: KeyEndpoint
) -> None:
    """Old webhooks of keys that nobody knows any more, and changed ones, cost no call of Plaid, however many."""
    old = [Signer() for _ in range(20)]
    heads = [signed(one, webhook()) for one in old]
    changed = [await client.post(PATH, content=webhook(item_id="another"), headers=head) for head in heads]
    clock.now += 301
    stale = [await client.post(PATH, content=webhook(), headers=head) for head in heads]

    assert {answer.json()["code"] for answer in changed} == {"body_changed"}
    assert {answer.json()["code"] for answer in stale} == {"stale"}
    assert endpoint.calls == []
