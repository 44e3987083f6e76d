from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

import plaid_sandbox.settings
from plaid_sandbox.main import create_app
from tests.link_api.world import World, world
from tests.servers.databases import Databases


@pytest.fixture
def sandbox() -> Starlette:
    """A stand-in of Plaid of this test alone."""
    return create_app(plaid_sandbox.settings.Settings())


@pytest.fixture
async def live(database_url: str, sandbox: Starlette) -> AsyncIterator[World]:
    """link_api, served over a database of this test alone."""
    async with world(database_url, sandbox) as running_world:
        yield running_world


@pytest.fixture(scope="session")
async def shared(databases: Databases) -> AsyncIterator[World]:
    """link_api for tests that change nothing."""
    sandbox = create_app(plaid_sandbox.settings.Settings())
    async with databases.fresh() as url, world(url, sandbox) as running_world:
        yield running_world
