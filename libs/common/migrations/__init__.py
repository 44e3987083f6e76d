"""The database's schema, step by step; `python -m common.migrations` brings DATABASE_URL up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from common.database import engine_url

MIGRATIONS = Path(__file__).parent


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(url: str) -> None:
    """Bring the database at `url` (postgresql://…) to the newest schema; does nothing when it is there."""
    engine = create_async_engine(engine_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
