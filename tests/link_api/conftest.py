from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

import plaid_sandbox.settings
from plaid_sandbox.main import create_app
from tests.link_api.world import World, world


@pytest.fixture
def sandbox() -> Starlette:
    """A stand-in of Plaid of this test alone."""
    return create_app(plaid_sandbox.settings.Settings())


@pytest.fixture
async def live(database_url: str, sandbox: Starlette) -> AsyncIterator[World]:
    """link_api, served."""
    async with world(database_url, sandbox) as running_world:
        yield running_world
