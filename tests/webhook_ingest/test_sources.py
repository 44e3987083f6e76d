from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from common.database import Database
from common.outbox import Outbox
from common.runtime import Infrastructure
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.doubles import PATH, webhook
from tests.webhook_ingest.test_main import settings
from webhook_ingest.main import build

PLAIDS = "52.21.26.131, 52.21.47.157, 52.41.247.19, 52.88.82.239"
PROXIES = "172.16.0.0/12,10.0.0.7,fd00::/8"
PLAID, STRANGER, CADDY = "52.21.26.131", "203.0.113.9", "172.18.0.5"

Open = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def service(broker: FaultyBroker, no_database: Database) -> Open:
    @asynccontextmanager
    async def opened(peer: str, sources: str = PLAIDS, proxies: str = PROXIES) -> AsyncIterator[httpx2.AsyncClient]:
        """Build the service with these settings; yield a client that comes from this address."""
        infrastructure = Infrastructure(no_database, broker, Outbox(no_database, broker))
        async with build(settings(webhook_sources=sources, trusted_proxies=proxies), infrastructure) as built:
            transport = httpx2.ASGITransport(app=built.app, client=(peer, 4711))
            async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
                yield client

    return opened


def counted() -> float:
    return REGISTRY.get_sample_value("webhooks_total", {"outcome": "source"}) or 0.0


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        (PLAID, None, 401),
        ("::ffff:52.21.26.131", None, 401),
        (STRANGER, None, 403),
        ("::1", None, 403),
        ("no address", None, 403),
        (STRANGER, PLAID, 403),
        (PLAID, STRANGER, 401),
        (CADDY, None, 403),
        (CADDY, PLAID, 401),
        (f"::ffff:{CADDY}", PLAID, 401),
        (CADDY, f"{PLAID}, ::ffff:{CADDY}", 401),
        (f"::ffff:{STRANGER}", PLAID, 403),
        (CADDY, f"{PLAID}:4711", 401),
        (CADDY, STRANGER, 403),
        (CADDY, f"{PLAID}, {STRANGER}", 403),
        (CADDY, f"{STRANGER}, {PLAID}", 401),
        (CADDY, f"{PLAID}, 10.0.0.7, 172.31.0.1", 401),
        (CADDY, f"{PLAID}, 10.0.0.8", 403),
        (CADDY, f"{PLAID}, unknown", 403),
        (CADDY, "", 403),
        ("fd00::7", PLAID, 401),
        ("172.32.0.1", PLAID, 403),
    ],
)
async def test_who_may_post(service: Open, peer: str, forwarded: str | None, status: int) -> None:
    """The listed may post, by the address that comes to us or that a trusted proxy saw; no header makes one listed."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    async with service(peer) as client:
        assert (await client.post(PATH, content=webhook(), headers=headers)).status_code == status


async def test_two_headers(service: Open) -> None:
    """A forwarded address in a header of its own, before the proxy's, is as made up as one left of it."""
    headers = [("X-Forwarded-For", PLAID), ("X-Forwarded-For", STRANGER)]
    async with service(CADDY) as client:
        assert (await client.post(PATH, content=webhook(), headers=headers)).status_code == 403


async def test_nobody_is_trusted_unless_told(service: Open) -> None:
    """Without trusted proxies no header says where a webhook came from, not even from this machine."""
    async with service("127.0.0.1", proxies="") as client:
        assert (await client.post(PATH, content=webhook(), headers={"X-Forwarded-For": PLAID})).status_code == 403


@pytest.mark.parametrize("peer", [PLAID, STRANGER, "::1"])
async def test_without_a_list(service: Open, peer: str) -> None:
    """Without a list everybody may post: the signature decides."""
    async with service(peer, sources="") as client:
        assert (await client.post(PATH, content=webhook())).status_code == 401


async def test_a_stranger_is_turned_away_unread(service: Open) -> None:
    """A stranger is refused before its body is read, with a problem that names the setting; counted and logged."""
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"canary"

    before = counted()
    async with service(STRANGER) as client:
        with capture_logs() as lines:
            answer = await client.post(PATH, content=body())

    assert (answer.status_code, answer.json()["code"], read) == (403, "source", 0)
    assert "WEBHOOK_SOURCES" in answer.json()["detail"]
    assert counted() == before + 1
    assert [(line["code"], line["source"]) for line in lines] == [("source", STRANGER)]


async def test_probes_are_for_everybody(service: Open) -> None:
    """The list holds for webhooks alone: probes and metrics answer whoever reaches them."""
    async with service(STRANGER) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200


async def test_a_stranger_is_logged_now_and_then(service: Open) -> None:
    """However often a stranger comes, it fills no log."""
    async with service(STRANGER) as client:
        with capture_logs() as lines:
            for _ in range(200):
                await client.post(PATH)

    assert 1 <= len(lines) < 100
