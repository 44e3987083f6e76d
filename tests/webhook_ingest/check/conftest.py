import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import time

import pytest

from common.database import Database
from common.outbox import Outbox
from common.runtime import Infrastructure
from plaid_sandbox.settings import Settings as SandboxSettings
from tests.common.faulty_broker import FaultyBroker
from tests.plaid_sandbox import running
from tests.plaid_sandbox.running import StandIn, serving
from tests.webhook_ingest.test_main import settings
from webhook_ingest.check.diagnosis import Finding
from webhook_ingest.check.examination import Examination
from webhook_ingest.check.probe import Probe
from webhook_ingest.main import build

Ingest = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture(autouse=True)
def _no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAID_ENV", raising=False)


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    """The stand-in that takes the credentials of `settings`."""
    async with running.running(SandboxSettings(client_id="client", secret="secret")) as one:
        yield one


@pytest.fixture
def ingest(broker: FaultyBroker, no_database: Database) -> Ingest:
    """Serves the real webhook_ingest with these settings, its clock off by some seconds; yields its address."""

    @asynccontextmanager
    async def ingest(plaid_url: str, *, off: float = 0, **changes: object) -> AsyncIterator[str]:
        infrastructure = Infrastructure(no_database, broker, Outbox(no_database, broker))
        async with (
            build(settings(plaid_url, **changes), infrastructure, clock=lambda: time() + off) as service,
            serving(service.app) as url,
        ):
            yield url

    return ingest


async def examine(
    url: str, *, sandbox: str | None = None, expected: str | None = None, patience: float = 30
) -> list[Finding]:
    """Return what the check finds."""
    examination = Examination(Probe(url, patience), Probe(sandbox, patience) if sandbox else None, expected)
    return await asyncio.to_thread(lambda: list(examination.findings()))
