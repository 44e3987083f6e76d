"""A database, a bank in it, and the pipeline as production builds it."""

from collections.abc import AsyncIterator

import pytest

from categorizer import data
from categorizer.domain.pipeline import Pipeline
from common.broker import Message
from common.database import Database
from tests.categorizer.bank import Bank, linked_bank


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """The pipeline with the default threshold."""
    return data.pipeline()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def emitted(database: Database) -> list[Message]:
    """Every message whose transaction committed."""
    messages: list[Message] = []
    database.after_commit = messages.extend
    return messages


@pytest.fixture
async def bank(database: Database) -> Bank:
    return await linked_bank(database, 1)
