from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from common.broker import Broker
from common.database import Database
from common.web import Correlation, use_problems
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.doubles import Clock, KeyEndpoint, Signer
from tests.webhook_ingest.proxy import DatabaseProxy
from webhook_ingest.acceptance import Acceptance
from webhook_ingest.keys import Keys
from webhook_ingest.routes import Webhooks, routes
from webhook_ingest.verification import Verifier

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def endpoint(signer: Signer) -> KeyEndpoint:
    return KeyEndpoint(signer)


@pytest.fixture
def broker() -> FaultyBroker:
    return FaultyBroker()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A real database."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def no_database() -> AsyncIterator[Database]:
    """A database whose server refuses every connection."""
    database = Database(NOWHERE)
    yield database
    await database.close()


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[DatabaseProxy]:
    """A way to a real database that can be cut or frozen."""
    proxy = DatabaseProxy(database_url)
    async with proxy.running():
        yield proxy


def application(clock: Clock, endpoint: KeyEndpoint, broker: Broker, database: Database) -> ASGIApp:
    """Return the service without its probes, at this time."""
    verifier = Verifier(Keys(endpoint.get, clock=clock), clock=clock)
    app = FastAPI()
    app.include_router(routes(Webhooks(verifier, Acceptance(broker, database), "sandbox", clock=clock)))
    use_problems(app)
    return Correlation(app)


@pytest.fixture
async def client(
    clock: Clock, endpoint: KeyEndpoint, broker: FaultyBroker, no_database: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    """The route, with a broker on demand and no database. An exception that nobody handles fails the test."""
    transport = httpx2.ASGITransport(app=application(clock, endpoint, broker, no_database))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield client
