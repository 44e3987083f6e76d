from sqlalchemy import text

from common.database import Database
from tests.servers.databases import Databases

TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'outbox'"


async def _scalar(url: str, statement: str) -> object:
    database = Database(url)
    try:
        async with database.transaction() as session:
            return (await session.execute(text(statement))).scalar_one()
    finally:
        await database.close()


async def test_database_is_migrated(database_url: str) -> None:
    """A test's database has the tables that the migrations make."""
    assert await _scalar(database_url, TABLES) == 1


async def test_databases_share_nothing(databases: Databases) -> None:
    """What one test writes no other test sees."""
    async with databases.fresh() as one, databases.fresh() as other:
        assert await _scalar(one, "INSERT INTO users (id) VALUES (7) RETURNING id") == 7
        assert await _scalar(other, "SELECT count(*) FROM users") == 0
